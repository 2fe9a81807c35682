import { type Fault, type VerifyReport } from '@braid/history';
import { type Colours } from '../terminal';
import { table } from './table';

/** A report as people read it: a line per check, then what is wrong and what to do about it. */
export function verifyLines(report: VerifyReport, colours: Colours): readonly string[] {
  const rows = report.checks
    .filter(({ checked }) => checked !== undefined)
    .map(({ about, checked, faults, name }) => [
      faults === 0 ? colours.green('✔') : colours.red('✖'),
      name,
      String(checked),
      faults === 0 ? '0' : colours.red(String(faults)),
      about,
    ]);
  const wrong = report.faults.flatMap((fault) => [
    '',
    `${colours.red('✖')} ${colours.bold(subject(fault))}: ${fault.message}`,
    `    ${fault.advice}`,
  ]);
  const more = report.more === 0 ? [] : ['', `and ${report.more} more`];
  return [table(['', 'check', 'looked at', 'wrong', ''], rows, colours), ...wrong, ...more];
}

function subject({ check, workflow, partition }: Fault): string {
  if (workflow !== undefined) return workflow;
  return partition === undefined ? check : `partition ${partition}`;
}
