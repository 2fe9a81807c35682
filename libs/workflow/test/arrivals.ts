import { isDeepStrictEqual } from 'node:util';
import { type Scenario } from '@braid/testing';
import { previewConvergence } from '@braid/workflow';
import { type Fate } from './reference';

/** The name of a branch of the fork `f`. */
export const nameOf = (path: string) => path.slice('f/'.length);

/** Tells the fork one arrival, then the same again, and a late attempt of it. A judge also says what it was asked. */
export function arrive(s: Scenario, path: string, fate: Fate): void {
  const completes = fate.how === 'completed';
  const phase = s.workflow.branches.get(path)?.phase;
  if (phase?.is !== 'requested') throw new Error(`${path} has no open attempt`);
  const { step, attempt, input } = phase.request;
  const output = nameOf(path) === 'judge' ? { asked: input, says: fate.output } : fate.output;
  const failure = { type: 'TestError', message: 'it broke', code: 'agent-error', retryable: false } as const;
  const outcome = completes ? ({ is: 'completed', output } as const) : ({ is: 'failed', failure } as const);
  const run = { attempt, runner: 'r1', startedAt: s.now, endedAt: s.now };
  const opposite = completes ? ({ is: 'failed', failure } as const) : ({ is: 'completed', output: 'late' } as const);
  s.send({ type: 'report', report: { branch: path, step, run, outcome } });
  s.send({ type: 'report', report: { branch: path, step, run, outcome } });
  s.send({ type: 'report', report: { branch: path, step, run: { ...run, attempt: attempt + 1 }, outcome: opposite } });
}

/** Lets all branches arrive in the order that `choices` picks, each a little later, calling `after` with the arrivals so far. */
export function play(
  s: Scenario,
  fates: ReadonlyMap<string, Fate>,
  choices: readonly number[],
  after: (arrived: string[]) => void,
) {
  const arrived: string[] = [];
  after(arrived);
  for (let i = 0; s.requested.length > 0; i++) {
    const path = s.requested[(choices[i] ?? 0) % s.requested.length] ?? '';
    s.now += 1;
    arrive(s, path, fates.get(nameOf(path)) ?? lost);
    arrived.push(nameOf(path));
    after(arrived);
  }
  return arrived;
}

export const lost: Fate = { how: 'failed', output: null };

/** What was decided on record must be what the preview makes of the record by the same settings. */
export function checkPreview(s: Scenario): void {
  const [reached] = s.ofType('ConvergenceReached');
  const [step] = s.workflow.graph.steps;
  if (!reached || step?.kind !== 'parallel') throw new Error('Broken: the fork was not decided');
  const { outcome, reason, counted, dissented, decidedBy, cancelled } = reached.data;
  const decided = { outcome, reason, counted, dissented, decidedBy, wouldHaveCancelled: cancelled };
  const { output: _, ...preview } = previewConvergence(s.workflow, 'f', step.converge);
  if (!isDeepStrictEqual({ decidedBy: undefined, ...preview }, decided)) {
    throw new Error(`Broken: decided ${JSON.stringify(decided)}, and the preview says ${JSON.stringify(preview)}`);
  }
}
