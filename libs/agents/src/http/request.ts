import { type Json } from '@braid/events';
import { type Work } from '../agent';
import { inputReader, invalidInput } from '../input';
import { type UsagePaths, usagePathsField } from '../usage';
import { type Hop } from './redirects';

type Input = {
  readonly url: string;
  readonly method?: string;
  readonly headers?: { readonly [name: string]: string | number | boolean };
  readonly body?: Json;
  readonly timeout?: number;
  /** Where in the body of the answer the amounts stand that were used. */
  readonly usage?: UsagePaths;
};

const read = inputReader<Input>('http', {
  type: 'object',
  required: ['url'],
  additionalProperties: false,
  properties: {
    url: { type: 'string', maxLength: 8_192 },
    method: { type: 'string' },
    headers: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
    body: {},
    timeout: { type: 'number', exclusiveMinimum: 0, maximum: 2_147_483_647 },
    ...usagePathsField,
  },
});

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
/** Headers that belong to the connection. Setting them can make two servers read one request differently. */
const reserved = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The request that an input asks for; a `body` that is not a string is sent as JSON. */
export function requestOf(work: Work): {
  readonly first: Hop;
  readonly timeout?: number;
  readonly usage?: UsagePaths;
} {
  const input = read(work.input);
  const method = (input.method ?? (input.body === undefined || input.body === null ? 'GET' : 'POST')).toUpperCase();
  if (!methods.includes(method)) throw invalidInput(`method "${method}" is not one of ${methods.join(', ')}`);
  const headers = headersOf(input.headers ?? {});
  const body = bodyOf(input.body, method, headers);
  if (!headers.has('idempotency-key')) headers.set('idempotency-key', work.idempotencyKey);
  if (!headers.has('traceparent') && work.traceparent !== undefined) headers.set('traceparent', work.traceparent);
  if (!headers.has('user-agent')) headers.set('user-agent', 'braid');
  return {
    first: { url: webAddress(input.url), method, headers, ...(body === undefined ? {} : { body }) },
    ...(input.timeout === undefined ? {} : { timeout: input.timeout }),
    ...(input.usage === undefined ? {} : { usage: input.usage }),
  };
}

/** @throws AgentError `invalid-input` for anything but `http:` and `https:` without credentials. */
export function webAddress(text: string | URL): URL {
  const url = typeof text === 'string' ? parse(text) : text;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw invalidInput(`"${url.protocol}" addresses are not supported; use http: or https:`);
  }
  if (url.username !== '' || url.password !== '') {
    throw invalidInput('the address holds a user name or password; send them in the header "authorization"');
  }
  return url;
}

function parse(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw invalidInput(`"${text.slice(0, 200)}" is not an address; write http://host/path or https://host/path`);
  }
}

function headersOf(given: NonNullable<Input['headers']>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    if (reserved.has(name.toLowerCase()))
      throw invalidInput(`the header "${name}" is set by the connection; leave it out`);
    try {
      headers.append(name, String(value));
    } catch {
      throw invalidInput(`the header "${name.slice(0, 100)}" or its value has characters that headers cannot carry`);
    }
  }
  return headers;
}

function bodyOf(body: Json | undefined, method: string, headers: Headers): string | undefined {
  if (body === undefined || body === null) return undefined;
  if (method === 'GET' || method === 'HEAD')
    throw invalidInput(`a ${method} request has no body; leave it out or use POST`);
  if (typeof body === 'string') return body;
  if (!headers.has('content-type')) headers.set('content-type', 'application/json');
  return JSON.stringify(body);
}
