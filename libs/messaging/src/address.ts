/** What the NATS client wants: it does not read credentials from a server's address. */
export type Address = {
  readonly servers: string[];
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  readonly tls?: Record<string, never>;
};

/**
 * Reads `nats://user:password@host:port` or `tls://token@host`; several, separated by commas, share the credentials of the
 * first that has some.
 * @throws TypeError when it is not such an address.
 */
export function parseAddress(url: string): Address {
  const urls = url.split(',').map((one) => readUrl(one.trim(), url));
  const servers = urls.map(({ host }) => host);
  const tls = urls.some(({ protocol }) => protocol === 'tls:') ? { tls: {} } : {};
  const { username, password } = urls.find((one) => one.username !== '') ?? { username: '', password: '' };
  if (username === '') return { servers, ...tls };
  if (password === '') return { servers, ...tls, token: decodeURIComponent(username) };
  return { servers, ...tls, user: decodeURIComponent(username), pass: decodeURIComponent(password) };
}

function readUrl(one: string, all: string): URL {
  const text = one.includes('://') ? one : `nats://${one}`;
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed === undefined || parsed.host === '' || !['nats:', 'tls:'].includes(parsed.protocol)) {
    const hidden = all.replace(/\/\/[^@/]*@/g, '//***@');
    throw new TypeError(`"${hidden}" is not a NATS address; write nats://host:port, several separated by commas`);
  }
  return parsed;
}
