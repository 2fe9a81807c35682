/** A way to break Braid. `from` stands exactly once in `file`. */
export type Mutant = { readonly name: string; readonly file: string; readonly from: string; readonly to: string };

const owner = 'apps/orchestrator/src/partitions/partition-owner.ts';
const beforeCommit = '    entry.inFlight += 1;\n    const commit =';
const before = (deed: string) => ({ file: owner, from: beforeCommit, to: `    ${deed};\n${beforeCommit}` });

/** Each of them makes some seed fail: a simulation that notices nothing would look the same as one that has nothing to notice. */
export const mutants: readonly Mutant[] = [
  {
    name: 'no epoch fence',
    file: 'libs/event-store/src/memory/event-store.ts',
    from: 'this.#partitions.get(partition)?.epoch !== epoch',
    to: 'this.#partitions.get(partition)?.epoch === -epoch',
  },
  { name: 'ack before commit', ...before('input.delivery?.ack()') },
  { name: 'receipt before commit', ...before('this.answer(input, receipt)') },
  { name: 'work before commit', ...before('void this.send(entry.id, work)') },
  {
    name: 'a repeated answer tells the version of the moment',
    file: owner,
    from: 'workflow: entry.id, version, repeated: true',
    to: 'workflow: entry.id, version: state.version, repeated: true',
  },
  {
    name: 'effects are not repeated on redelivery or by the next owner',
    file: 'apps/orchestrator/src/partitions/retell.ts',
    from: 'work: openWork(state, partition, tokens, since)',
    to: 'work: openWork(state, partition, tokens, clock.now())',
  },
  {
    name: 'a repeat is not answered',
    file: owner,
    from: '      this.answer(input, { ok: true, workflow: entry.id, version, repeated: true });',
    to: '',
  },
  {
    name: 'due is armed again for a moment that is too late',
    file: 'apps/orchestrator/src/partitions/due-row.ts',
    from: 'open: true, dueAt: Math.round(due) }',
    to: 'open: true, dueAt: Math.round(due) + (ticked ? 3_600_000 : 0) }',
  },
  {
    name: 'nobody looks for what is due',
    file: 'apps/orchestrator/src/partitions/due-poll.ts',
    from: 'if (partitions.length === 0) return;',
    to: 'if (partitions.length >= 0) return;',
  },
  {
    name: 'silent attempts are not sent again',
    file: 'apps/orchestrator/src/partitions/resend.ts',
    from: 'for (const { branch, phase } of suspects) {',
    to: 'for (const { branch, phase } of suspects.slice(0, 0)) {',
  },
  {
    name: 'answers without events are not vouched for by a commit',
    file: owner,
    from: 'this.context.committer.commit({ partition, epoch, events: [], workflows: [] }).then(',
    to: "Promise.resolve({ kind: 'committed' } as { kind: string }).then(",
  },
  {
    name: 'the attempt of a report is not checked',
    file: 'libs/workflow/src/decide/attempt.ts',
    from: 'request.step === report.step && request.attempt === report.run.attempt',
    to: 'request.step === report.step',
  },
  {
    name: 'the tail of a snapshot begins one late',
    file: 'libs/history/src/workflow-snapshots.ts',
    from: 'afterVersion: from.version',
    to: 'afterVersion: from.version + 1',
  },
  {
    name: 'a snapshot says one version too many',
    file: 'libs/history/src/workflow-snapshots.ts',
    from: 'version: state.version, stateSchema',
    to: 'version: state.version + 1, stateSchema',
  },
  {
    name: 'a snapshot of what is not on disk',
    file: owner,
    from: '!isUnderWay(state) || entry.inFlight > 0 ||',
    to: '!isUnderWay(state) ||',
  },
  {
    name: 'work is acked before its report is stored',
    file: 'apps/agent-runner/src/agent-lane.ts',
    from: 'const outcome = await ending;\n',
    to: 'const outcome = await ending;\n      attempt.ack();\n',
  },
  {
    name: 'the idempotency key names the attempt',
    file: 'apps/orchestrator/src/effects/work.ts',
    from: 'const idempotencyKey = `${state.id}/${branch.path}/${stepId}`',
    to: 'const idempotencyKey = `${state.id}/${branch.path}/${stepId}/${attempt}`',
  },
  {
    name: 'followers save checkpoints of what they have only taken',
    file: 'libs/event-store/src/log-follower.ts',
    from: 'new Map(moved.map(([partition, cursor]) => [partition, cursor.handled]))',
    to: 'new Map(moved.map(([partition, cursor]) => [partition, cursor.taken]))',
  },
  {
    name: 'followers skip what nobody offered',
    file: 'libs/event-store/src/log-follower.ts',
    from: 'if (cursor.behind || event.position !== cursor.taken + 1 ||',
    to: 'if (cursor.behind ||',
  },
  {
    name: 'a message is set aside because the store is away',
    file: owner,
    from: 'error instanceof StoreUnavailableError || delivery.deliveryCount < tries',
    to: 'delivery.deliveryCount < tries',
  },
];
