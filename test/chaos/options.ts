import { parseArgs } from 'node:util';
import { families, type Family } from './families';

export type ChaosOptions = {
  readonly seed: number;
  /** Milliseconds of load with chaos; the quiet and the checks come on top. */
  readonly chaosMs: number;
  readonly gateways: number;
  readonly orchestrators: number;
  readonly runners: number;
  /** Workflows that are started per second. */
  readonly rate: number;
  /** Milliseconds in which everything must have finished once it is quiet. */
  readonly quietMs: number;
  readonly calm: boolean;
  /** Plays every act of this family in turn, instead of a mix. */
  readonly only: Family | undefined;
  /** Keeps data and logs of a good run too. */
  readonly keep: boolean;
};

/** What is wrong with the command line, in words. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const usage = `npm run test:chaos -- [options]
  --minutes N         minutes of load with chaos; 0.5 unless given
  --seed S            whole number that the plan and the load are drawn from; from the clock unless given
  --gateways N        1 unless given, 2 in runs of a minute or more
  --orchestrators N   2 unless given, 3 in runs of a minute or more
  --runners N         2 unless given, 3 in runs of a minute or more
  --rate N            workflows started per second; 5 unless given
  --quiet SECONDS     in which everything must have finished after the chaos; 60 unless given
  --only FAMILY       every act of one family, one after the other, each until all has recovered: T6 (kills), T7 (zombies),
                      T8 (postgres), T9 (nats) or T10 (network); takes as long as it takes
  --calm              the same load and checks without any chaos
  --keep              keep data and logs even when every promise held`;

/** @throws UsageError */
export function readOptions(argv: readonly string[], now: number): ChaosOptions {
  const text = { type: 'string' } as const;
  let values: { readonly [name: string]: string | boolean | undefined };
  try {
    values = parseArgs({
      args: [...argv],
      options: {
        minutes: text,
        seed: text,
        gateways: text,
        orchestrators: text,
        runners: text,
        rate: text,
        quiet: text,
        only: text,
        calm: { type: 'boolean' },
        keep: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (values['help'] === true) throw new UsageError('Kills, freezes, cuts and wipes what Braid runs on, under load');
  const number = (name: string, fallback: number, least: number, whole = true): number => {
    const given = values[name];
    const value = given === undefined ? fallback : Number(given);
    if (Number.isFinite(value) && value >= least && (!whole || Number.isInteger(value))) return value;
    throw new UsageError(`--${name} must be a ${whole ? 'whole ' : ''}number of at least ${least}, not "${given}"`);
  };
  const minutes = number('minutes', 0.5, 0.1, false);
  const only = familyNamed(values['only']);
  const many = minutes >= 1 || only !== undefined ? 1 : 0;
  return {
    seed: number('seed', now % 1_000_000, 0),
    chaosMs: Math.round(minutes * 60_000),
    gateways: number('gateways', 1 + many, 1),
    orchestrators: number('orchestrators', 2 + many, 1),
    runners: number('runners', 2 + many, 1),
    rate: number('rate', 5, 0.1, false),
    quietMs: number('quiet', 60, 1, false) * 1_000,
    calm: values['calm'] === true,
    only,
    keep: values['keep'] === true,
  };
}

function familyNamed(given: string | boolean | undefined): Family | undefined {
  if (given === undefined) return undefined;
  const found = Object.entries(families).find(([number, name]) => given === number || given === name);
  if (found !== undefined) return found[1];
  const names = Object.entries(families).map(([number, name]) => `${number} (${name})`);
  throw new UsageError(`--only must be one of ${names.join(', ')}, not "${given}"`);
}
