import { type PlaybookProblem } from '@braid/contracts';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Problem } from '../problems/problem';

/** @throws Problem `request.invalid` when there is a key that cannot be used. */
export function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw headerProblem('Idempotency-Key', 'must have 1 to 255 printable ASCII characters without spaces');
}

/** The W3C trace context of the caller; one that is malformed is ignored, as the standard asks. */
export function traceparentOf(request: FastifyRequest): string | undefined {
  const value = request.headers['traceparent'];
  return typeof value === 'string' && /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/.test(value) ? value : undefined;
}

/** The `Last-Event-ID` with which an event source connects again. */
export function lastEventIdOf(request: FastifyRequest): string | undefined {
  const value = request.headers['last-event-id'];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function headerProblem(header: string, message: string): Problem {
  const problem: PlaybookProblem = { path: header, message, severity: 'error' };
  return new Problem('request.invalid', `${header}: ${message}`, { problems: [problem] });
}

/** Aborts when the client closes the connection before it has got its answer. */
export function untilGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}
