import { type FastifyReply, type FastifyRequest } from 'fastify';
import { requireIdempotencyKey } from './idempotency-key';
import { traceparentIn } from './traceparent';

/** @throws Problem `request.invalid` when there is a key that cannot be used. */
export function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  return key === undefined ? undefined : requireIdempotencyKey(key, 'Idempotency-Key');
}

/** The trace context of the caller, if there is one that can be read. */
export function traceparentOf(request: FastifyRequest): string | undefined {
  return traceparentIn(request.headers['traceparent']);
}

/** The `Last-Event-ID` with which an event source connects again. */
export function lastEventIdOf(request: FastifyRequest): string | undefined {
  const value = request.headers['last-event-id'];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Aborts when the client closes the connection before it has got its answer. */
export function untilGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}
