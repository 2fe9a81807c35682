import { isDeepStrictEqual } from 'node:util';
import { type Json, judgeName } from '@braid/events';
import { everyStep } from '@braid/workflow';
import { type Expectation, type History } from './expectation';
import { digestOf } from './ledger';

/** The judge of a fork is asked when all of it has ended, decides once, and what it says is the fork's output. */
export const judgeFaults: Expectation = (_id, history) => {
  const [first] = history;
  if (first?.type !== 'WorkflowStarted') return undefined;
  const judged = [...everyStep(first.data.graph.steps)].flatMap((step) =>
    'converge' in step && step.converge.strategy.name === 'judge' ? [step.id] : [],
  );
  return judged.length === 0 ? undefined : judged.flatMap((fork) => faultsOfJudge(fork, history));
};

function faultsOfJudge(fork: string, history: History): readonly string[] {
  const path = `${fork}/${judgeName}`;
  const asked = history.findIndex(({ type, data }) => type === 'BranchRequested' && data.branch === path);
  const late = history
    .slice(asked)
    .flatMap(({ type, data }) => (type === 'BranchCompleted' && isMember(data.branch, fork) ? [data.branch] : []));
  const said = history.flatMap(({ type, data }) =>
    type === 'BranchCompleted' && data.branch === path ? [data.output] : [],
  );
  const decided = history.flatMap(({ type, data }) =>
    type === 'ConvergenceReached' && data.step === fork ? [data] : [],
  );
  const faults: string[] = [];
  if (asked === -1 || said.length !== 1) faults.push(`the judge of ${fork} has spoken ${said.length} times`);
  if (late.length > 0) faults.push(`the judge was asked before the end of ${late.join(', ')}`);
  const [decision] = decided;
  if (decided.length !== 1 || decision?.outcome !== 'met') faults.push(`${fork} was decided ${decided.length} times`);
  else if (decision.output.shape !== 'value' || !isDeepStrictEqual(decision.output.value, said[0]))
    faults.push(`the output of ${fork} is not what its judge said`);
  return faults;
}

const isMember = (branch: string, fork: string): boolean =>
  branch.startsWith(`${fork}/`) && !branch.startsWith(`${fork}/${judgeName}`);

/** A text that is too large for a message is the same in the answer, in the history and in the request of the next step. */
export const largeFaults: Expectation = (id, history, { entries }) => {
  const faults: string[] = [];
  let seen = 0;
  for (const { type, data } of history) {
    if (type === 'BranchRequested') {
      const text = textIn(data.input);
      const got = entries.get(`${id}/${data.branch}/${data.step}`)?.got;
      if (text === undefined || got === undefined) continue;
      seen += 1;
      if (got !== digestOf(text)) faults.push(`${data.step} was sent another text than is on record`);
    } else if ((type === 'BranchAdvanced' || type === 'BranchCompleted') && data.step !== undefined) {
      const gave = entries.get(`${id}/${data.branch}/${data.step}`)?.gave;
      if (gave === undefined) continue;
      seen += 1;
      const text = textIn(data.output);
      if (text === undefined || gave !== digestOf(text))
        faults.push(`${data.step} answered another text than is on record`);
    }
  }
  return seen === 0 ? undefined : faults;
};

/** The large text in the input or output of an `http` step. */
function textIn(value: Json): string | undefined {
  const body = fieldOf(value, 'body');
  const text = typeof body === 'string' ? body : fieldOf(body, 'text');
  return typeof text === 'string' ? text : undefined;
}

const fieldOf = (value: Json | undefined, name: string): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as { readonly [key: string]: Json })[name]
    : undefined;
