import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mutants } from './mutants';
import { type Outcome, simulate } from './simulate';

const root = join(__dirname, '../..');

/** Runs the seeds on each mutant in a process of its own, until one fails. */
function hunt(count: number, from: number): void {
  const survivors = mutants.filter((mutant) => {
    const parts = readFileSync(join(root, mutant.file), 'utf8').split(mutant.from);
    if (parts.length !== 2) {
      process.stdout.write(`STALE     ${mutant.name}: ${mutant.file} does not hold its text exactly once\n`);
      return true;
    }
    const args = [join(root, 'scripts/sim.mjs'), '--seeds', String(count), '--from', String(from)];
    const env = { ...process.env, BRAID_MUTANT: JSON.stringify(mutant) };
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', env, maxBuffer: 2 ** 28 });
    const why = /^seed \d+ .*FAILS: .*$/m.exec(stdout)?.[0] ?? '';
    const caught = status === 1 && why !== '';
    process.stdout.write(`${caught ? 'caught  ' : 'SURVIVED'}  ${mutant.name}: ${why.slice(0, 160)}\n`);
    return !caught;
  });
  process.stdout.write(`${mutants.length - survivors.length} of ${mutants.length} mutants were caught\n`);
  process.exitCode = survivors.length === 0 ? 0 : 1;
}

/** `npm run test:sim -- --seeds 2000 --from 1 [--trace]`: runs seeds one after the other; the exit code tells whether all hold. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '2000' },
      from: { type: 'string', default: '1' },
      trace: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      mutants: { type: 'boolean', default: false },
    },
  });
  const [count, from] = [Number(values.seeds), Number(values.from)];
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(from) || count < 1 || from < 0) {
    throw new Error('--seeds and --from take whole numbers, for example --seeds 2000 --from 1');
  }
  if (values.mutants) return hunt(count, from);
  const began = process.cpuUsage();
  const total = { steps: 0, events: 0, runs: 0, lasted: 0 };
  const failed: number[] = [];
  for (let seed = from; seed < from + count; seed++) {
    const outcome = await simulate(seed, values.trace ? { keptLines: Infinity, logLevel: 'debug' } : {});
    total.steps += outcome.steps;
    total.events += outcome.events;
    total.runs += outcome.runs;
    total.lasted += outcome.lasted;
    if (values.trace || outcome.violation !== undefined) tell(outcome);
    if (outcome.violation === undefined) continue;
    failed.push(seed);
    if (!values.keep) break;
  }
  const { user, system } = process.cpuUsage(began);
  const seconds = ((user + system) / 1e6).toFixed(1);
  process.stdout.write(
    `${failed.length === 0 ? `${count} seeds hold` : `failed: ${failed.join(' ')}`}; ${total.steps} steps, ${total.events} events, ` +
      `${total.runs} runs, ${(total.lasted / 3_600_000).toFixed(1)} simulated hours in ${seconds} s of CPU\n`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
}

function tell({ seed, trace, violation, digest }: Outcome): void {
  process.stdout.write(`${trace.join('\n')}\n`);
  const verdict = violation === undefined ? 'holds' : `FAILS: ${violation}`;
  process.stdout.write(
    `seed ${seed} (${digest}) ${verdict}\n  again: npm run test:sim -- --from ${seed} --seeds 1 --trace\n`,
  );
}

process.on('unhandledRejection', (error) => {
  process.stderr.write(
    `a promise was rejected and nobody looked: ${String(error instanceof Error ? error.stack : error)}\n`,
  );
  process.exitCode = 1;
});
void main();
