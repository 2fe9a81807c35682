import { type BranchSpec, type ForkStep } from '@braid/events';
import { requiredCount } from './convergence/strategy';
import { type Fork } from './state';

type Links = Pick<Fork, 'unmetNeeds' | 'lostNeeds'> & { readonly dependents: ReadonlyMap<number, readonly number[]> };

/** Who needs whom in a fork that has just been opened. */
export function linkNeeds(step: ForkStep): Links {
  const specs = step.kind === 'parallel' ? step.branches : [];
  const unmetNeeds = new Map<number, Set<number>>();
  const dependents = new Map<number, number[]>();
  const indexOf = new Map(specs.map((spec, index) => [spec.name, index]));
  for (const [index, spec] of specs.entries()) {
    for (const need of spec.needs) {
      const needed = indexOf.get(need);
      if (needed === undefined) continue;
      unmetNeeds.set(index, (unmetNeeds.get(index) ?? new Set()).add(needed));
      const others = dependents.get(needed);
      if (others) others.push(index);
      else dependents.set(needed, [index]);
    }
  }
  return { unmetNeeds, lostNeeds: new Map(), dependents };
}

/** How many of its needs must have completed for a branch to start. */
export function requiredNeeds({ needs, require }: BranchSpec): number {
  return require === undefined ? needs.length : requiredCount(require, needs.length);
}

/** How many of its needs a branch can do without. */
export function spareNeeds(spec: BranchSpec): number {
  return spec.needs.length - requiredNeeds(spec);
}

function spareIn({ step }: Fork, index: number): number {
  const spec = step.kind === 'parallel' ? step.branches[index] : undefined;
  return spec ? spareNeeds(spec) : 0;
}

/** Whether enough of what a branch needs has completed. */
export function hasItsNeeds(fork: Fork, index: number): boolean {
  return (fork.unmetNeeds.get(index)?.size ?? 0) <= spareIn(fork, index);
}

/** Whether so much of what a branch needs has ended without completing that it can never start. */
export function isInWant(fork: Fork, index: number): boolean {
  return (fork.lostNeeds.get(index)?.size ?? 0) > spareIn(fork, index);
}

/**
 * Notes for those that need it that a branch completed, or ended otherwise. Returns the branches that have what they need
 * with this and had not before. Costs as much as there are that need it.
 */
export function noteEnd(fork: Fork, index: number, completed: boolean): readonly number[] {
  const ready: number[] = [];
  for (const dependent of fork.dependents.get(index) ?? []) {
    if (fork.branches[dependent]?.startedAt !== undefined) continue;
    if (!completed) loseNeed(fork, dependent, index);
    else if (fork.unmetNeeds.get(dependent)?.delete(index) === true) {
      const left = fork.unmetNeeds.get(dependent)?.size ?? 0;
      if (left === spareIn(fork, dependent)) ready.push(dependent);
    }
  }
  return ready;
}

/** Notes that something which a branch needs has ended without completing. */
export function loseNeed({ lostNeeds }: Fork, index: number, need: number): void {
  const lost = lostNeeds.get(index);
  if (lost) lost.add(need);
  else lostNeeds.set(index, new Set([need]));
}

/** The lost needs of a fork of which some branches are open again: of those that have ended there must be none. */
export function stillLost({ lostNeeds }: Fork, isLost: (index: number) => boolean): Fork['lostNeeds'] {
  const left = [...lostNeeds].map(([index, lost]) => [index, new Set([...lost].filter(isLost))] as const);
  return new Map(left.filter(([, lost]) => lost.size > 0));
}
