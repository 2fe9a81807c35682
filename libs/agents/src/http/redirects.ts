export const maxRedirects = 5;

/** One request on the way through redirects. */
export type Hop = {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body?: string;
};

/** Headers that say nothing about who asks; all others may hold a credential and stay with the origin they were written for. */
const harmless = new Set([
  'accept',
  'accept-language',
  'content-type',
  'content-language',
  'user-agent',
  'traceparent',
]);
const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * The next request after a redirect, by the rules of the Fetch standard; undefined when the answer is none.
 * @throws TypeError when the target is not an address.
 */
export function nextHop(hop: Hop, status: number, location: string | null): Hop | undefined {
  if (!redirects.has(status) || location === null) return undefined;
  const url = new URL(location, hop.url);
  const toGet =
    (status === 303 && hop.method !== 'HEAD') || ((status === 301 || status === 302) && hop.method === 'POST');
  const sameOrigin = url.origin === hop.url.origin;
  const kept = [...hop.headers].filter(
    ([name]) => (sameOrigin || harmless.has(name)) && !(toGet && name.startsWith('content-')),
  );
  return {
    url,
    method: toGet ? 'GET' : hop.method,
    headers: new Headers(kept),
    ...(toGet || hop.body === undefined ? {} : { body: hop.body }),
  };
}
