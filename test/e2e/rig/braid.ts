import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { resolve } from 'node:path';

const main = resolve(__dirname, '../../../dist/apps/cli/src/main.js');

/** What a command line came to. */
export type Outcome = { readonly code: number | null; readonly out: string; readonly err: string };

/** Runs the built `braid` as a process, against the gateway at `address`. */
export function braid(address: string, ...args: readonly string[]): Promise<Outcome> {
  return braidWith({ BRAID_URL: address }, ...args);
}

/** Runs the built `braid` as a process, with these settings and no others. */
export async function braidWith(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, out, err };
}
