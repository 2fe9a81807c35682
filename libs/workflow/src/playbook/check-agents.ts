import { type AgentStep, type Step } from '@braid/events';
import { nearest } from '../expression/suggest';
import { pathTo, type ProblemList } from './problem';
import { type Sequence } from './sequences';

/** Of how many names the nearest that is served is looked for, which takes comparing each with all: slips are few. */
const mostCompared = 10;

/** Warns of agents, judges among them, that no runner serves now. They are no errors: a runner may come before they are asked. */
export function warnOfUnserved(
  sequences: readonly Sequence[],
  served: ReadonlySet<string>,
  problems: ProblemList,
): void {
  const names = [...served];
  const suggested = new Map<string, string | undefined>();
  for (const { agent, path } of sequences.flatMap(({ steps }) => steps.flatMap(askedIn))) {
    if (served.has(agent)) continue;
    if (!suggested.has(agent)) suggested.set(agent, suggested.size < mostCompared ? nearest(agent, names) : undefined);
    const near = suggested.get(agent);
    const suggestion = near === undefined ? 'start a runner that has it' : `did you mean "${near}"?`;
    const message = `no runner serves the agent "${agent}" now`;
    problems.add({ path: pathTo(path, 'agent'), message, suggestion, severity: 'warning' });
  }
}

function askedIn(step: Step): readonly AgentStep[] {
  if (step.kind === 'agent') return [step];
  return 'converge' in step && step.converge.strategy.name === 'judge' ? [step.converge.strategy.judge] : [];
}
