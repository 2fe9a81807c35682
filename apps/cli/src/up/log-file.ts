import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';

const largest = 10 * 1024 * 1024;

/** Opens a log for appending; one over 10 MiB is first set aside as `<path>.1`. */
export function openLog(path: string): number {
  if (existsSync(path) && statSync(path).size > largest) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}

export const closeLog = closeSync;

/** The last lines of a log, for people. */
export function logTail(path: string, lines: number): string {
  if (!existsSync(path)) return '';
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}
