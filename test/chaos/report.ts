import { type Check } from './checks';

const shownFaults = 5;

/** The checks as a table, with the first faults of each promise that does not hold. */
export function tableOf(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks
    .map(({ name, figure, faults }) => {
      const verdict = faults === undefined ? '    ' : faults.length === 0 ? 'ok  ' : 'BAD ';
      const shown = (faults ?? []).slice(0, shownFaults).map((fault) => `\n         ${fault}`);
      const more =
        (faults?.length ?? 0) > shownFaults ? `\n         … and ${(faults?.length ?? 0) - shownFaults} more` : '';
      return `  ${verdict} ${name.padEnd(width)}  ${figure}${shown.join('')}${more}`;
    })
    .join('\n');
}

/** Promises that do not hold. */
export function broken(checks: readonly Check[]): readonly string[] {
  return checks.flatMap(({ name, faults = [] }) => (faults.length === 0 ? [] : [name]));
}
