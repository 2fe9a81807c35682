import type { Daemon } from './daemon';
import { ownDirectory, type Release } from './owner-lock';

/** A server process that accepts connections on this port. */
export type Launched = { readonly daemon: Daemon; readonly port: number };

/** Starts the server and waits until it accepts connections; without a port, on any free one. */
export type Launch = (port?: number) => Promise<Launched>;

export type Supervised = {
  readonly port: number;
  /** The server's process id; after a restart another one. */
  pid(): number;
  /** Ends it gently and waits; harmless when repeated. */
  stop(): Promise<void>;
  /** SIGKILL, as in a crash, and waits; `restart` brings it back. */
  killNow(): Promise<void>;
  /** Stops it if it runs, and starts it on the same port and data; `between` runs while it is down. */
  restart(between?: () => Promise<void>): Promise<void>;
};

/**
 * Owns the directory of a server as long as the server is meant to run, and starts it once nothing of a killed run is left.
 * Stops and restarts happen one after the other, so a stop during a restart leaves nothing running.
 *
 * @throws EmbeddedError `embedded.in_use`, and whatever `prepare` and the launch throw
 */
export async function supervise(options: {
  readonly dir: string;
  readonly port: number | undefined;
  readonly endOrphans: () => Promise<void>;
  readonly prepare: () => Promise<Launch>;
}): Promise<Supervised> {
  let release: Release | undefined = await ownDirectory(options.dir);
  const letGo = async (): Promise<void> => {
    await release?.();
    release = undefined;
  };
  let launch: Launch;
  let launched: Launched;
  try {
    await options.endOrphans();
    launch = await options.prepare();
    launched = await launch(options.port);
  } catch (error) {
    await letGo();
    throw error;
  }
  const { port } = launched;
  let last: Promise<void> = Promise.resolve();
  const inTurn = (act: () => Promise<void>): Promise<void> => {
    const next = last.then(act);
    last = next.catch(() => undefined);
    return next;
  };
  return {
    port,
    pid: () => launched.daemon.pid,
    killNow: () => launched.daemon.kill(),
    stop: () =>
      inTurn(async () => {
        await launched.daemon.stop();
        await letGo();
      }),
    restart: (between) =>
      inTurn(async () => {
        await launched.daemon.stop();
        release ??= await ownDirectory(options.dir);
        await options.endOrphans();
        await between?.();
        launched = await launch(port);
      }),
  };
}
