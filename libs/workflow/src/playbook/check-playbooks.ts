import { type Graph, type PlaybookStep } from '@braid/events';
import { nearest } from '../expression/suggest';
import { everyStep } from '../sequence';
import { pathTo, type ProblemList } from './problem';
import { type Sequence } from './sequences';
import { isRequired } from './variables';

/** What is published under each name that a playbook refers to, as `name` or `name@version`; undefined: nothing. */
export type PublishedPlaybooks = ReadonlyMap<string, Graph | undefined>;

/** The playbooks that a graph runs as children, each once. */
export function playbooksIn({ steps }: Graph): readonly string[] {
  const found = [...everyStep(steps)].filter((step) => step.kind === 'playbook').map(({ playbook }) => playbook);
  return [...new Set(found)];
}

/**
 * Warns of children that could not be started as things are now. They are no errors: what is missing may be published
 * before the step is reached, and a variable may have gone or come by then.
 */
export function checkPlaybooks(
  sequences: readonly Sequence[],
  published: PublishedPlaybooks,
  problems: ProblemList,
): void {
  for (const step of sequences.flatMap(({ steps }) => steps)) {
    if (step.kind !== 'playbook' || !published.has(step.playbook)) continue;
    const graph = published.get(step.playbook);
    if (graph) checkVariables(step, graph, problems);
    else {
      const path = pathTo(step.path, 'playbook');
      const message = `nothing is published as ${step.playbook} yet`;
      problems.add({ path, message, suggestion: 'publish it before the step is reached', severity: 'warning' });
    }
  }
}

function checkVariables(step: PlaybookStep, graph: Graph, problems: ProblemList): void {
  if (typeof step.with !== 'object' || step.with === null) return;
  const given = Object.keys(step.with);
  const known = Object.keys(graph.variables);
  const path = pathTo(step.path, 'with');
  for (const name of given.filter((each) => !known.includes(each))) {
    const near = nearest(name, known);
    const message = `${step.playbook} has no variable "${name}"`;
    const suggestion = near === undefined ? undefined : `did you mean "${near}"?`;
    problems.add({ path: pathTo(path, name), part: 'key', message, suggestion, severity: 'warning' });
  }
  for (const [name, spec] of Object.entries(graph.variables)) {
    if (given.includes(name) || spec['default'] !== undefined || !isRequired(spec)) continue;
    problems.add({ path, message: `the variable "${name}" of ${step.playbook} is missing`, severity: 'warning' });
  }
}
