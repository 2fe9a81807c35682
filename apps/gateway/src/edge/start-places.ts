import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { type StartGate, type StartPlace } from '../workflows/start-gate';

const places = new WeakMap<FastifyRequest, StartPlace>();

/**
 * Takes the place of a start before its body is read, so that one that is refused costs next to nothing. The place is given
 * back when the answer has been sent or the client has gone, if not before.
 */
export function admitStarts(instance: FastifyInstance, gate: StartGate, maxBodyBytes: number): void {
  instance.addHook('onRequest', async (request, reply) => {
    if (request.method !== 'POST' || request.routeOptions.url !== '/v1/workflows') return;
    const announced = Number(request.headers['content-length'] ?? maxBodyBytes);
    const place = gate.enter(Math.min(announced, maxBodyBytes));
    reply.raw.once('close', () => place.leave());
    places.set(request, place);
  });
}

/** The place that the request has taken; undefined when it is no start. */
export function placeOf(request: FastifyRequest): StartPlace | undefined {
  return places.get(request);
}
