import { type ConvergenceReached, type Json, unreachable } from '@braid/events';
import { type Fork } from '../state';
import { collected, completedBranches } from './strategy';

/** What came of the branches that completed: a list of a `map`, in item order, and else by name. */
export function collectedOutputs(fork: Fork): Json {
  const counted = completedBranches(fork).map(({ name }) => name);
  return convergenceOutput(fork, { counted, output: collected(fork) });
}

/** The output of a decided fork, made of the outputs of the branches that the decision counted, in the order given there. */
export function convergenceOutput(fork: Fork, decision: Pick<ConvergenceReached, 'counted' | 'output'>): Json {
  const { counted, output } = decision;
  if (output.shape === 'value') return output.value;
  const byName = counted === 'all' ? undefined : new Set(counted);
  const branches = byName ? fork.branches.filter((branch) => byName.has(branch.name)) : fork.branches;
  switch (output.shape) {
    case 'list':
      return branches.map((branch) => branch.output);
    case 'record':
      return Object.fromEntries(branches.map((branch) => [branch.name, branch.output]));
    case 'single':
      return branches[0]?.output ?? null;
    default:
      return unreachable(output);
  }
}
