/** What Nest's NATS transport hands to the NATS client for live signals. It reconnects for ever, like the connection for work. */
export function natsOptions(url: string, name: string) {
  const addresses = url
    .split(',')
    .map((one) => new URL(one.trim().includes('://') ? one.trim() : `nats://${one.trim()}`));
  const { username, password } = addresses.find((address) => address.username !== '') ?? { username: '', password: '' };
  const user = decodeURIComponent(username);
  const credentials =
    username === '' ? {} : password === '' ? { token: user } : { user, pass: decodeURIComponent(password) };
  return {
    servers: addresses.map(({ host }) => host),
    name,
    ...credentials,
    ...(addresses.some(({ protocol }) => protocol === 'tls:') ? { tls: {} } : {}),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 500,
    pingInterval: 10_000,
    waitOnFirstConnect: true,
  };
}
