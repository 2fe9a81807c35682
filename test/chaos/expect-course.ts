import { type StoredEvent } from '@braid/events';
import { type Expectation, type History } from './expectation';

/** A signal that comes twice counts once, and each step that waits takes one, in the order in which they came. */
export const signalFaults: Expectation = (id, history, { startOf }) => {
  const received = history.flatMap((event) => (event.type === 'SignalReceived' ? [event.data.id] : []));
  const told = startOf(id)?.told.filter((command) => command === 'signal').length ?? 0;
  if (received.length === 0 && told === 0) return undefined;
  return [
    ...(new Set(received).size === received.length ? [] : [`${received.length} signals of fewer ids`]),
    ...(received.length >= told ? [] : [`${received.length} of ${told} signals are on record`]),
    ...history.flatMap(wronglyTaken),
  ];
};

/** The step `gate` takes the signal that says 1, `gate2` the one that says 2. */
function wronglyTaken({ type, data }: StoredEvent): readonly string[] {
  if (type !== 'BranchAdvanced' && type !== 'BranchCompleted') return [];
  const { step, output } = data;
  if (step?.startsWith('gate') !== true) return [];
  const expected = Number(step.slice('gate'.length)) || 1;
  const taken = typeof output === 'object' && output !== null && 'n' in output ? output['n'] : undefined;
  return taken === expected ? [] : [`${step} took the signal ${JSON.stringify(output)}`];
}

/** While a workflow is paused nothing is started. */
export const pauseFaults: Expectation = (_id, history) => {
  if (!history.some(({ type }) => type === 'WorkflowPaused')) return undefined;
  let paused = false;
  const faults: string[] = [];
  for (const { type, version } of history) {
    if (type === 'WorkflowPaused') paused = true;
    else if (type === 'WorkflowResumed' || type === 'CompensationStarted' || type === 'WorkflowRetried') paused = false;
    else if (paused && (type === 'BranchRequested' || type === 'ChildStarted' || type === 'ForkOpened'))
      faults.push(`event ${version} is ${type}`);
  }
  return faults;
};

/** What has completed is never asked for again, also not by a retry of the workflow. */
export const repeatFaults: Expectation = (_id, history) => {
  const completed = new Set<string>();
  const faults: string[] = [];
  for (const { type, data } of history) {
    if (type === 'BranchRequested' && completed.has(`${data.branch}/${data.step}`))
      faults.push(`${data.branch}/${data.step} was asked for again`);
    if ((type === 'BranchAdvanced' || type === 'BranchCompleted') && data.run !== undefined)
      completed.add(`${data.branch}/${data.step ?? ''}`);
  }
  return faults;
};

/** A workflow that was tried again went on, once for each retry that was answered, and came to its end. */
export const courseFaults: Expectation = (id, history, { startOf }) => {
  const told = startOf(id)?.told.includes('retry') === true;
  const failed = positions(history, 'WorkflowFailed');
  const retried = positions(history, 'WorkflowRetried');
  if (!told && retried.length === 0) return undefined;
  const faults: string[] = [];
  if (retried.length !== 1) faults.push(`it was tried again ${retried.length} times by one retry`);
  if (failed[0] === undefined || retried[0] !== failed[0] + 1) faults.push('it was tried again before it had failed');
  return faults;
};

const positions = (history: History, wanted: string): readonly number[] =>
  history.flatMap(({ type }, index) => (type === wanted ? [index] : []));

/** Kinds that can end in one way only. */
export const endFaults: Expectation = (id, history, { startOf }) => {
  const ends = startOf(id)?.kind.ends;
  if (ends === undefined) return undefined;
  const last = history.at(-1);
  const wanted = { completed: 'WorkflowCompleted', failed: 'WorkflowFailed', cancelled: 'WorkflowCancelled' }[ends];
  if (last === undefined || last.type === wanted) return [];
  const why = last.type === 'WorkflowFailed' ? `: ${JSON.stringify(last.data.failure).slice(0, 300)}` : '';
  return [`${startOf(id)?.kind.name ?? ''} ended with ${last.type}${why}`];
};
