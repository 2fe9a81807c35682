import { type Failure, type Json, type JsonObject, type Step } from '@braid/events';
import { HistoryError } from './history-error';
import { currentStep, innermost, nestedSteps, type Nesting, stepsInside } from './sequence';
import { type Branch, type StepResult } from './state';

const notRun: StepResult = { status: 'skipped', output: null };

/** The step has an output, and its sequence goes on. */
export function complete(branch: Branch, id: string, output: Json): Step {
  const step = returnTo(branch, id);
  const before = branch.results[id];
  // A step whose failure was answered by other steps has failed all the same; the answer is its output.
  record(branch, step, before?.status === 'failed' ? { ...before, output } : { status: 'completed', output });
  const sequence = innermost(branch);
  sequence.output = output;
  sequence.cursor += 1;
  return step;
}

export function skip(branch: Branch, id: string): void {
  record(branch, returnTo(branch, id), notRun);
  innermost(branch).cursor += 1;
}

/** The step has failed for good; its sequence goes on, after the steps that answer the failure if there are some. */
export function fail(branch: Branch, id: string, failure: Failure, answer?: Nesting): void {
  branch.lastFailure = failure;
  const { type, message, code } = failure;
  const result: StepResult = { status: 'failed', output: null, error: { type, message, code } };
  record(branch, returnTo(branch, id, result), result);
  if (answer) nest(branch, id, answer);
  else innermost(branch).cursor += 1;
}

/** A sequence inside of the current step comes next. */
export function nest(branch: Branch, id: string, nesting: Nesting): void {
  const step = currentStep(branch);
  const steps = step?.id === id ? nestedSteps(step, nesting) : undefined;
  if (!steps) throw new HistoryError(`Branch ${branch.path} is not at a step ${id} with steps for ${nesting.is}`);
  branch.nested = [...branch.nested, { steps, cursor: 0, output: null, in: nesting }];
}

/** Leaves the sequences inside of a step; a step in them that is under way ends with `result`. */
function returnTo(branch: Branch, id: string, result?: StepResult): Step {
  for (;;) {
    const step = currentStep(branch);
    if (step?.id === id) return step;
    if (branch.nested.length === 0) throw new HistoryError(`Branch ${branch.path} is not at step ${id}`);
    if (step && result) record(branch, step, result);
    branch.nested = branch.nested.slice(0, -1);
  }
}

/** Keeps the result of a step for later expressions; steps inside of it that have none did not run. */
function record(branch: Branch, step: Step, result: StepResult): void {
  const results: { [step: string]: StepResult } = { ...branch.results, [step.id]: result };
  for (const { id } of stepsInside(step)) if (!Object.hasOwn(results, id)) results[id] = notRun;
  branch.results = results;
}

export function write(branch: Branch, exports: JsonObject | undefined): void {
  if (!exports) return;
  branch.context = { ...branch.context, ...exports };
  branch.exports = { ...branch.exports, ...exports };
}
