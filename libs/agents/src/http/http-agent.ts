import { type Json, type JsonObject } from '@braid/events';
import { AgentError } from '@braid/sdk';
import { fetch, type Response } from 'undici';
import { type Agent, type AttemptContext } from '../agent';
import { isErrorLike, messageOf } from '../error-like';
import { invalidInput } from '../input';
import { outputTooLarge } from '../output';
import { addressRules } from './address-rules';
import { guardedDispatcher, type ResolveHost } from './guarded-dispatcher';
import { type Hop, maxRedirects, nextHop } from './redirects';
import { requestOf, webAddress } from './request';
import { BodyTooLarge, parseBody, readBody } from './response-body';
import { retryAfterMs } from './retry-after';
import { reportUsageIn } from '../usage';

export type HttpAgentOptions = {
  /** Hosts, addresses and CIDR ranges that may be reached though they are not public. */
  readonly allow: readonly string[];
  /** Largest body of an answer, decompressed. */
  readonly maxBytes: number;
  /** How host names are resolved; the system's way unless given. */
  readonly resolveHost?: ResolveHost;
};

const excerptLength = 2_000;

/**
 * Sends one HTTP request: `{url, method, headers, body, timeout, usage}` gives `{status, headers, body}`. 408, 429 and 5xx are
 * failures that a retry may help, other 4xx are final. Only public addresses and those of `allow` are reached.
 */
export function httpAgent(options: HttpAgentOptions): Agent {
  const dispatcher = guardedDispatcher(addressRules(options.allow), options.resolveHost);
  return {
    name: 'http',
    async run(work, ctx) {
      const { first, timeout, usage } = requestOf(work);
      const signal = timeout === undefined ? ctx.signal : AbortSignal.any([ctx.signal, AbortSignal.timeout(timeout)]);
      try {
        const answer = await exchange(first, signal);
        reportUsageIn(answer['body'], usage, ctx);
        return answer;
      } catch (error) {
        if (error instanceof AgentError) throw error;
        if (error instanceof BodyTooLarge) throw outputTooLarge(error.message, options.maxBytes);
        throw transportFailure(error, first, ctx, timeout);
      }
    },
    close: () => dispatcher.destroy(),
  };

  async function exchange(first: Hop, signal: AbortSignal): Promise<JsonObject> {
    let hop = first;
    for (let redirects = 0; ; redirects++) {
      const response = await fetch(webAddress(hop.url), {
        method: hop.method,
        headers: [...hop.headers],
        ...(hop.body === undefined ? {} : { body: hop.body }),
        redirect: 'manual',
        dispatcher,
        signal,
      });
      const next = followed(hop, response);
      if (next === undefined) return await answerOf(response, hop);
      await response.body?.cancel();
      if (redirects === maxRedirects) {
        throw new AgentError(`${first.url.href} redirects more than ${maxRedirects} times`, httpError(response, ''));
      }
      hop = next;
    }
  }

  async function answerOf(response: Response, hop: Hop): Promise<JsonObject> {
    if (response.status < 400) {
      const bytes = await readBody(response, options.maxBytes);
      const body = parseBody(bytes, response.headers.get('content-type') ?? '');
      return { status: response.status, headers: headersOf(response), body };
    }
    const excerpt = await readBody(response, options.maxBytes).then(
      (bytes) => bytes.toString('utf8', 0, excerptLength),
      (error: unknown) => (error instanceof BodyTooLarge ? '(too long to read)' : Promise.reject(error)),
    );
    const message = `${hop.method} ${hop.url.origin}${hop.url.pathname} answered ${response.status} ${response.statusText}`;
    throw new AgentError(message.trim(), httpError(response, excerpt));
  }
}

function followed(hop: Hop, response: Response): Hop | undefined {
  try {
    return nextHop(hop, response.status, response.headers.get('location'));
  } catch {
    throw invalidInput(`${hop.url.href} redirects to something that is not an address`);
  }
}

function httpError(response: Response, excerpt: string): ConstructorParameters<typeof AgentError>[1] {
  const { status } = response;
  const retryAfter = retryAfterMs(response.headers.get('retry-after'), Date.now());
  return {
    type: 'HttpError',
    code: status === 429 ? 'rate-limited' : status === 503 ? 'overloaded' : 'agent-error',
    retryable: status === 408 || status === 429 || status >= 500,
    details: { status, body: excerpt },
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}

/** `fetch` says only "fetch failed" and keeps the reason as the cause. */
function transportFailure(error: unknown, hop: Hop, ctx: AttemptContext, timeout: number | undefined): unknown {
  if (ctx.signal.aborted) return ctx.signal.reason;
  const target = `${hop.method} ${hop.url.origin}${hop.url.pathname}`;
  if (isErrorLike(error) && error.name === 'TimeoutError') {
    const message = `${target} had no answer within ${timeout ?? 0} ms`;
    return new AgentError(message, { type: 'TimeoutError', code: 'timeout', retryable: true, cause: error });
  }
  const cause = isErrorLike(error) && error.name === 'TypeError' && error.cause !== undefined ? error.cause : error;
  if (cause instanceof AgentError) return cause;
  // The Fetch standard's word for ports of other protocols (22, 25, …), through which HTTP would speak to them.
  if (messageOf(cause) === 'bad port') return invalidInput(`${target}: HTTP is not spoken on this port`);
  return new AgentError(`${target} failed: ${messageOf(cause)}`, { type: 'HttpError', retryable: true, cause });
}

function headersOf(response: Response): Json {
  const headers: Record<string, Json> = Object.fromEntries(response.headers);
  const cookies = response.headers.getSetCookie();
  return cookies.length === 0 ? headers : { ...headers, 'set-cookie': cookies };
}
