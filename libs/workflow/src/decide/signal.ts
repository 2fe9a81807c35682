import { type SignalStep } from '@braid/events';
import { currentStep } from '../sequence';
import { signalProblems } from '../signal-problems';
import { type Branch, hasEnded, isOpen, type Workflow } from '../state';
import { type Answer, whileOpen } from './change-course';
import { type Command } from './commands';
import { completeStep, failStep } from './end-step';
import { engineFailure } from '../failures';
import { type Turn } from './turn';

type SignalCommand = Extract<Command, { type: 'signal' }>;

/** A signal that came in before is the same one, even after the workflow's end. */
export function signalled(command: SignalCommand, state: Workflow): Answer {
  if (state.signals.seen.has(command.id)) return { is: 'repeated' };
  const problem = isOpen(state) ? signalProblem(state, command) : undefined;
  if (problem !== undefined) return { is: 'rejected', rejection: { code: 'signal.invalid', message: problem } };
  return whileOpen(state, (turn) => receiveSignal(turn, command));
}

/** Why no step of the workflow could ever take a signal; undefined when one can. */
function signalProblem({ graph }: Workflow, { name, payload }: SignalCommand): string | undefined {
  const problems = signalProblems(graph, name, payload);
  if (problems.length === 0) return undefined;
  const messages = problems.map(({ message }) => message).join('; ');
  if (problems.some(({ path }) => path === 'name')) return messages;
  return `The payload of the signal "${name}" does not match its schema: ${messages}`;
}

/** Records a signal, and gives it to the step that has waited for it longest, if there is one. */
function receiveSignal(turn: Turn, { name, payload, id, by }: SignalCommand): void {
  turn.record({ type: 'SignalReceived', data: { name, payload, id, ...(by !== undefined && { by }) } });
  const branch = [...turn.state.waiting].find(({ phase }) => phase.is === 'awaiting' && phase.signal === name);
  if (!branch) return;
  completeStep(turn, branch, payload);
  turn.then(hasEnded(branch) ? { do: 'ended', branch } : { do: 'advance', branch });
}

/** Waits for a signal, unless one was kept. */
export function awaitSignal(turn: Turn, branch: Branch, { id, name, timeout }: SignalStep): void {
  const until = timeout === undefined ? {} : { until: turn.now + timeout };
  turn.record({ type: 'SignalAwaited', data: { branch: branch.path, step: id, name, ...until } });
  const kept = turn.state.signals.kept.find((signal) => signal.name === name);
  if (kept) completeStep(turn, branch, kept.payload);
}

export function signalMissed(turn: Turn, branch: Branch): void {
  const { name, timeout } = currentStep(branch) as SignalStep;
  const message = `No signal "${name}" came within ${timeout} ms`;
  failStep(turn, branch, engineFailure(branch, turn.now, 'timeout', 'SignalTimeoutError', message));
}
