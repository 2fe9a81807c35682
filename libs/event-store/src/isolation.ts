import { StoreUnavailableError } from './errors';
import { type AppendOutcome } from './event-store';
import { resolveCommitted, type PendingCommit } from './pending-commit';

type Refuse = (commit: PendingCommit) => void;

/** Workflows whose commits were refused, and how to refuse the next ones. */
export type Poisoned = Map<string, Refuse>;

/**
 * Gives every commit of a batch its own outcome, although the store appends everything or nothing. A batch that is refused
 * goes again without the partitions that were fenced; one that holds a mistake is taken apart, by partition and then by
 * commit, until the mistake stands alone. What was decided on top of a refused commit is refused with it: written without
 * its base, it would leave a gap in the history.
 */
export class Isolation {
  constructor(private readonly append: (commits: readonly PendingCommit[]) => Promise<AppendOutcome>) {}

  /** @throws StoreUnavailableError with some commits still undecided. */
  async settle(batch: readonly PendingCommit[]): Promise<Poisoned> {
    const poisoned: Poisoned = new Map();
    for (const commit of batch) {
      const { invalid } = commit;
      if (invalid !== undefined) {
        poison(poisoned, commit, (later) => later.reject(invalid));
      }
    }
    await this.#settle(batch, poisoned);
    return poisoned;
  }

  async #settle(batch: readonly PendingCommit[], poisoned: Poisoned): Promise<void> {
    const commits = poisoned.size === 0 ? batch : batch.filter((commit) => !refusePoisoned(commit, poisoned));
    if (commits.length === 0) {
      return;
    }
    const outcome = await this.#tryAppend(commits);
    switch (outcome.kind) {
      case 'committed':
        return resolveCommitted(commits, outcome.positions);
      case 'fenced': {
        const fenced = new Set(outcome.partitions);
        const [lost, rest] = split(commits, ({ append }) => fenced.has(append.partition));
        lost.forEach((commit) => commit.resolve({ kind: 'fenced' }));
        return this.#settle(rest, poisoned);
      }
      case 'conflict':
        return this.#narrow(commits, poisoned, (commit) => commit.resolve(outcome));
      case 'invalid':
        return this.#narrow(commits, poisoned, (commit) => commit.reject(outcome.error));
    }
  }

  async #tryAppend(
    commits: readonly PendingCommit[],
  ): Promise<AppendOutcome | { readonly kind: 'invalid'; readonly error: unknown }> {
    try {
      return await this.append(commits);
    } catch (error) {
      if (error instanceof StoreUnavailableError) {
        throw error;
      }
      return { kind: 'invalid', error };
    }
  }

  async #narrow(commits: readonly PendingCommit[], poisoned: Poisoned, refuse: Refuse): Promise<void> {
    const [first] = commits;
    if (first !== undefined && commits.length === 1) {
      refuse(first);
      poison(poisoned, first, refuse);
      return;
    }
    for (const part of parts(commits)) {
      await this.#settle(part, poisoned);
    }
  }
}

/** Refuses a commit that concerns a workflow of which a commit was refused; answers whether it did. */
export function refusePoisoned(commit: PendingCommit, poisoned: Poisoned): boolean {
  const refuse = workflowsOf(commit)
    .map((workflow) => poisoned.get(workflow))
    .find((found) => found !== undefined);
  refuse?.(commit);
  if (refuse !== undefined) {
    poison(poisoned, commit, refuse);
  }
  return refuse !== undefined;
}

function poison(poisoned: Poisoned, commit: PendingCommit, refuse: Refuse): void {
  for (const workflow of workflowsOf(commit)) {
    if (!poisoned.has(workflow)) {
      poisoned.set(workflow, refuse);
    }
  }
}

function workflowsOf({ append }: PendingCommit): string[] {
  return [...append.events.map((event) => event.workflow), ...append.workflows.map((row) => row.id)];
}

/** By partition; within a single partition, by commit. */
function parts(commits: readonly PendingCommit[]): PendingCommit[][] {
  const byPartition = new Map<number, PendingCommit[]>();
  for (const commit of commits) {
    const group = byPartition.get(commit.append.partition);
    if (group === undefined) {
      byPartition.set(commit.append.partition, [commit]);
    } else {
      group.push(commit);
    }
  }
  return byPartition.size > 1 ? [...byPartition.values()] : commits.map((commit) => [commit]);
}

function split<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  const yes: T[] = [];
  const no: T[] = [];
  for (const item of items) {
    (test(item) ? yes : no).push(item);
  }
  return [yes, no];
}
