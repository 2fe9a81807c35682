import { once } from 'node:events';
import { createServer } from 'node:net';
import { CliError } from '../cli-error';
import { errno } from '../system-error';

export type PortSetting = 'BRAID_HTTP_PORT' | 'BRAID_GRPC_PORT';

export type ChosenPort = { readonly port: number; readonly note?: string };

/**
 * A port of the gateway. One that was told must be free; the standard one gives way to any free one, with a note.
 * @throws CliError when the port that was told cannot be used
 */
export async function choosePort(options: {
  readonly host: string;
  readonly port: number;
  /** The setting that names the port. */
  readonly setting: PortSetting;
  /** What is served there, as in "Braid serves X on". */
  readonly what: string;
  /** Whether a person chose the port. */
  readonly told: boolean;
}): Promise<ChosenPort> {
  const { host, port, setting, what, told } = options;
  const problem = await whyNot(host, port);
  if (problem === undefined) return { port: port === 0 ? await freePort(host) : port };
  if (told || problem.code === 'EADDRNOTAVAIL') throw new CliError(explain(problem.code, host, port, setting));
  const other = await freePort(host);
  return {
    port: other,
    note: `Port ${port} is taken, so Braid serves ${what} on ${other} (${setting} chooses another).`,
  };
}

/** A port of this address that nobody listened on a moment ago. */
export async function freePort(host: string): Promise<number> {
  const outcome = await listenOnce(host, 0);
  if (typeof outcome === 'number') return outcome;
  throw new CliError(explain(outcome.code, host, 0, 'BRAID_HTTP_PORT'));
}

type Refusal = { readonly code: string };

async function whyNot(host: string, port: number): Promise<Refusal | undefined> {
  const outcome = await listenOnce(host, port);
  return typeof outcome === 'number' ? undefined : outcome;
}

async function listenOnce(host: string, port: number): Promise<number | Refusal> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    return { code: errno(error) ?? String(error) };
  }
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : port;
}

function explain(code: string, host: string, port: number, setting: PortSetting): string {
  switch (code) {
    case 'EADDRINUSE':
      return `something else listens on ${host}:${port} already; set ${setting} to a free port (0 takes any), or stop the other`;
    case 'EACCES':
      return `this user may not listen on port ${port}; set ${setting} to a port from 1024 on`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `this machine has no address ${host}; set BRAID_HTTP_HOST to one of its own, for example 127.0.0.1`;
    default:
      return `cannot listen on ${host}:${port}: ${code}`;
  }
}
