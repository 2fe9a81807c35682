import { type Json, type JsonObject } from '@braid/events';
import { type Scope } from './expression/evaluate';
import { collectedOutputs } from './convergence/output';
import { type Branch, childPath, type Fork, isJudge, type Workflow } from './state';

/**
 * What a branch can see: the variables, its own context, results of its own steps and of its ancestors' steps before the
 * fork, outputs of the siblings that it needs, and the items of the maps around it. Siblings' doings are not in reach, except
 * that the judge of a fork sees as `outputs` what came of the branches that completed. A branch that undoes
 * a step sees what the branch of the step saw.
 */
export function scopeOf(workflow: Workflow, branch: Branch, output?: Json): Scope {
  const seen = branch.compensates?.branch ?? branch;
  const scope: Record<string, Json> = {
    variables: workflow.variables,
    context: branch.context,
    steps: branch.results as unknown as JsonObject,
    needs: needsOf(workflow, isJudge(branch) && branch.parent ? branch.parent : branch),
    branch: { name: seen.name, path: seen.path, index: seen.index },
    workflow: { id: workflow.id, playbook: workflow.playbook.name, startedAt: workflow.startedAt },
  };
  for (let at: Branch | undefined = branch; at; at = at.parent ?? at.compensates?.branch) {
    if (!at.fork) continue;
    const { step, items }: Fork = at.fork;
    if (isJudge(at)) scope['outputs'] = collectedOutputs(at.fork);
    else if (step.kind === 'map' && !(step.as in scope)) scope[step.as] = items?.[at.index] ?? null;
  }
  if (output !== undefined) scope['output'] = output;
  return scope;
}

/**
 * What an expression of a convergence sees of one of its branches: the branch's output and context, and otherwise what the
 * step that forks sees, `needs` included. All of it stands still once the branch has ended.
 */
export function convergenceScope(workflow: Workflow, branch: Branch): Scope {
  const needs = branch.parent ? needsOf(workflow, branch.parent) : {};
  return { ...scopeOf(workflow, branch, branch.output), needs };
}

function needsOf(workflow: Workflow, branch: Branch): JsonObject {
  if (branch.compensates) return needsOf(workflow, branch.compensates.branch);
  const { branches } = workflow;
  if (branch.fork?.step.kind !== 'parallel') return {};
  const { step, parent } = branch.fork;
  const needs = step.branches[branch.index]?.needs ?? [];
  const unmet = branch.fork.unmetNeeds.get(branch.index);
  const outputOf = (name: string) => {
    const sibling = branches.get(childPath(parent.path, step.id, name));
    return sibling === undefined || unmet?.has(sibling.index) === true ? null : sibling.output;
  };
  return Object.fromEntries(needs.map((name) => [name, { output: outputOf(name) }]));
}
