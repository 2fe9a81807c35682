import { readdir, readFile } from 'node:fs/promises';
import { type ServiceProcess } from './service-process';
import { type Stack } from './stack';

/** The most memory that a running service of the stack has had so far, in MiB; 0 where the system does not tell (/proc). */
export async function mostMemory(stack: Stack, service: ServiceProcess): Promise<number> {
  const pids = await readdir('/proc').catch(() => []);
  for (const pid of pids) {
    if (!/^\d+$/.test(pid)) continue;
    // A process may end while it is looked at.
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    const environment = (await read('environ')).split('\0');
    const own = [`TMPDIR=${stack.home}/tmp`, `BRAID_INSTANCE=${service.name}`];
    if (!own.every((setting) => environment.includes(setting))) continue;
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(await read('status'))?.[1] ?? 0) / 1_024;
  }
  if (pids.length > 0) throw new Error(`${service.name} does not run`);
  return 0;
}
