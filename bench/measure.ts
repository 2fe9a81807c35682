import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

/** What a piece of work cost: processor time in microseconds, and bytes of heap that are still in use after it. */
export type Cost = { readonly cpu: number; readonly heap: number };

const collect = (globalThis as { readonly gc?: () => void }).gc;

/** Bytes in use once everything that nobody refers to is gone. */
function heapInUse(): number {
  if (!collect) throw new Error('Run node with --expose-gc');
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** Processor time of this process, in microseconds: on a busy machine the clock on the wall says little. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** The cost of `work`. What it returns is held until the heap has been measured. */
export function costOf<T>(work: () => T): Cost & { readonly result: T } {
  const before = heapInUse();
  const from = cpu();
  const result = work();
  const spent = cpu() - from;
  return { cpu: spent, heap: heapInUse() - before, result };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

type Both<T> = { readonly a: readonly T[]; readonly b: readonly T[] };

/** Calls in turn, A B A B, so that whatever slows the machine down slows both; the first round warms up and is left out. */
export async function interleaved<T>(
  rounds: number,
  a: () => T | Promise<T>,
  b: () => T | Promise<T>,
): Promise<Both<T>> {
  const found: { readonly a: T[]; readonly b: T[] } = { a: [], b: [] };
  for (let round = 0; round <= rounds; round++) {
    const pair = { a: await a(), b: await b() };
    if (round === 0) continue;
    found.a.push(pair.a);
    found.b.push(pair.b);
  }
  return found;
}

/** Writes what a program found to results/<name>.json, with the machine that it was found on. */
export function keepResults(name: string, found: object): void {
  const folder = join(__dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length };
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ machine, ...found }, undefined, 2)}\n`);
}
