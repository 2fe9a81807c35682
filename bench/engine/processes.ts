import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Kernel ticks per second; Linux shows processor time in them on every machine that Node runs on. */
const ticksPerSecond = 100;

const statOf = (pid: number) => {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
};

/** Processor seconds of a process and of its children that have ended. */
function cpuOf(pid: number): number {
  const fields = statOf(pid);
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond;
}

/** A process and all that it started and that still lives: a PostgreSQL has one per connection. */
function family(pid: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const parent = Number(statOf(Number(name))[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // It ended while we looked.
    }
  }
  const found = [pid];
  for (const one of found) found.push(...(children.get(one) ?? []));
  return found;
}

const sum = (pids: readonly number[], of: (pid: number) => number) =>
  pids.reduce((total, pid) => {
    try {
      return total + of(pid);
    } catch {
      return total;
    }
  }, 0);

/** Processor seconds that a process and its family have used so far. */
export const cpuSeconds = (pid: number): number => sum(family(pid), cpuOf);

const kib = (text: string, field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? NaN);

/** Memory of a process and its family in MiB, with shared pages counted once in all (PSS). */
export const pssMib = (pid: number): number =>
  sum(family(pid), (one) => kib(readFileSync(`/proc/${one}/smaps_rollup`, 'utf8'), 'Pss')) / 1_024;

/** The most memory that a process has had since {@link forgetPeak}, in MiB. */
export const peakMib = (pid: number): number => kib(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmHWM') / 1_024;

export const forgetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, '5');
