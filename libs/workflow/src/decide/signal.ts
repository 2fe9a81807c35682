import { type Graph, type JsonObject, type SignalStep } from '@braid/events';
import { schemaProblems } from '../playbook/check-value';
import { currentStep, everyStep } from '../sequence';
import { type Branch, hasEnded, type Workflow } from '../state';
import { type Command } from './commands';
import { completeStep, failStep } from './end-step';
import { engineFailure } from './failures';
import { type Turn } from './turn';

export type SignalCommand = Extract<Command, { type: 'signal' }>;

const schemas = new WeakMap<Graph, ReadonlyMap<string, JsonObject>>();

/** The signals that some step of the graph waits for, with the schemas of their payloads. */
function signalsOf(graph: Graph): ReadonlyMap<string, JsonObject> {
  let found = schemas.get(graph);
  if (!found) {
    const steps = [...everyStep(graph.steps)].filter((step) => step.kind === 'signal');
    schemas.set(graph, (found = new Map(steps.map(({ name, schema }) => [name, schema ?? {}]))));
  }
  return found;
}

/** Why no step of the workflow could ever take a signal; undefined when one can. */
export function signalProblem({ graph }: Workflow, { name, payload }: SignalCommand): string | undefined {
  const signals = signalsOf(graph);
  const schema = signals.get(name);
  if (schema) {
    const problems = schemaProblems(schema, payload, 'payload');
    if (problems.length === 0) return undefined;
    return `The payload of the signal "${name}" does not match its schema: ${problems.map(({ message }) => message).join('; ')}`;
  }
  const known = signals.size === 0 ? 'it waits for none' : `it waits for ${[...signals.keys()].join(', ')}`;
  return `No step of the playbook "${graph.name}" waits for a signal "${name}"; ${known}`;
}

/** Records a signal, and gives it to the step that has waited for it longest, if there is one. */
export function receiveSignal(turn: Turn, { name, payload, id, by }: SignalCommand): void {
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
