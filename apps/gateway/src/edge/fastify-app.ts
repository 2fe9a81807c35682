import helmet from '@fastify/helmet';
import { Histogram, type Registry } from '@braid/service';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type IncomingMessage } from 'node:http';
import { type Socket } from 'node:net';
import { describeProblem } from '../problems/describe-problem';
import { Problem } from '../problems/problem';
import { type StartGate } from '../workflows/start-gate';
import { type AllowedMethods, followRoutes } from './allowed-methods';
import { hearOut, readBodies } from './body-parsers';
import { requestIdFrom } from './request-id';
import { admitStarts } from './start-places';

/** A client must have sent its whole request by then, in milliseconds; one that drips bytes holds a socket no longer. */
const requestTimeoutMs = 60_000;

export type HttpEdge = { readonly adapter: FastifyAdapter; readonly allowedMethods: AllowedMethods };

/** Fastify as Braid uses it: its own body rules, headers, request ids and metrics. */
export async function createHttpEdge(options: {
  readonly maxBodyBytes: number;
  readonly registry: Registry;
  readonly gate: StartGate;
}): Promise<HttpEdge> {
  const adapter = new FastifyAdapter({
    bodyLimit: options.maxBodyBytes,
    genReqId: ({ headers }: IncomingMessage) => requestIdFrom(headers['x-request-id']),
    requestIdHeader: false,
    requestTimeout: requestTimeoutMs,
    routerOptions: { maxParamLength: 500 },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      const { status, body } = describeProblem(new Problem('request.rejected', error.message), request.url);
      void reply
        .status(status)
        .type('application/problem+json')
        .send(Buffer.from(JSON.stringify(body)));
    },
    clientErrorHandler: (_error, socket) => refuseGarbage(socket),
  });
  const instance = adapter.getInstance();
  const allowedMethods = followRoutes(instance);
  readBodies(instance);
  hearOut(instance);
  await instance.register(helmet, {
    contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } },
    // Plain HTTP behind a proxy that ends TLS: the proxy decides about this header.
    strictTransportSecurity: false,
  });
  instance.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id);
  });
  admitStarts(instance, options.gate, options.maxBodyBytes);
  measure(instance, options.registry);
  return { adapter, allowedMethods };
}

function measure(instance: FastifyInstance, registry: Registry): void {
  const durations = new Histogram({
    name: 'braid_http_request_seconds',
    help: 'How long requests took, by route',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    registers: [registry],
  });
  instance.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    durations.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
  });
}

/** What is not HTTP is answered before there is a request, so nothing above can do it. */
function refuseGarbage(socket: Socket): void {
  if (!socket.writable || socket.destroyed) return;
  const { status, body } = describeProblem(new Problem('request.rejected', 'This is not an HTTP request'), '');
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} Bad Request`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}
