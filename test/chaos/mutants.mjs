/**
 * Ways to break the fences, and the check that must notice each. `from` stands exactly once in `file`. `chaos` is the seed of
 * a run of half a minute; `jest` a project, a file and a test of it.
 */
const owner = 'apps/orchestrator/src/partitions/partition-owner.ts';
const redelivered = ['int', 'apps/orchestrator/src/fencing', 'has died'];
const commitFirst = ['int', 'apps/orchestrator/src/commit-first', 'nothing is answered'];

export const mutants = [
  {
    name: 'no epoch check',
    file: 'libs/event-store/src/migrations/1764000000010-verification.ts',
    from: 'where t.epoch is distinct from w.epoch or t.commits is distinct from w.commits;',
    to: 'where false;',
    jest: ['int', 'libs/event-store/src/postgres/postgres', ''],
  },
  {
    name: 'an append whose answer was lost counts as refused',
    file: 'libs/event-store/src/postgres/appender.ts',
    from: 'return rows[0]?.written === true;',
    to: 'return rows[0]?.written === null;',
    jest: ['int', 'libs/event-store/src/postgres/outage', ''],
  },
  {
    name: 'no attempt check',
    file: 'libs/workflow/src/decide/attempt.ts',
    from: 'return request.step === report.step && request.attempt === report.run.attempt ? branch : undefined;',
    to: 'return request.step === report.step ? branch : undefined;',
    jest: ['unit', 'libs/workflow/src/decide/decide', ''],
  },
  {
    name: 'ack before commit',
    file: owner,
    from: '    entry.inFlight += 1;\n    const commit =',
    to: '    entry.inFlight += 1;\n    input.delivery?.ack();\n    const commit =',
    jest: commitFirst,
  },
  {
    name: 'receipt before commit',
    file: owner,
    from: '    entry.inFlight += 1;\n    const commit =',
    to: '    entry.inFlight += 1;\n    this.answer(input, receipt);\n    const commit =',
    jest: commitFirst,
  },
  {
    name: 'work before commit',
    file: owner,
    from: '    entry.inFlight += 1;\n    const commit =',
    to: '    entry.inFlight += 1;\n    void this.send(entry.id, work);\n    const commit =',
    jest: commitFirst,
  },
  {
    name: 'messages are set aside while the store is away',
    file: owner,
    from: 'error instanceof StoreUnavailableError || delivery.deliveryCount < tries',
    to: 'delivery.deliveryCount < tries',
    jest: ['int', 'apps/orchestrator/src/orchestrator', 'because the store is away'],
  },
  {
    name: 'a receipt belongs to whoever asks about its workflow',
    file: 'apps/gateway/src/bus/receipts.ts',
    from: "randomBytes(12).toString('hex')",
    to: 'workflow',
    jest: ['int', 'apps/gateway/test/receipts', ''],
  },
  {
    name: 'a start that comes again gets no receipt',
    file: owner,
    from: '      this.answer(input, { ok: true, workflow: entry.id, version, repeated: true });\n',
    to: '',
    jest: redelivered,
  },
  {
    name: 'what a dead owner may not have sent is not sent again',
    file: owner,
    from: '    return recentOf(state, this.lease.partition, this.context);\n',
    to: '    return nothingRecent;\n',
    jest: redelivered,
  },
  {
    name: 'a start that comes again is recorded again',
    file: 'libs/workflow/src/decide/decide.ts',
    from: "  if (state.status !== 'unborn') {\n    if (state.requestDigest",
    to: "  if (state.status !== 'unborn' && now < 0) {\n    if (state.requestDigest",
    jest: redelivered,
  },
  {
    name: 'a repeat of a pause that comes late pauses again',
    file: 'libs/workflow/src/decide/change-course.ts',
    from: '  if (wasDone(command, state)) return repeated;\n',
    to: '',
    jest: ['unit', 'libs/workflow/src/decide/retry-workflow', 'takes a repeat'],
  },
  {
    name: 'no dispatch again when due',
    file: 'apps/orchestrator/src/partitions/resend.ts',
    from: 'for (const { branch, phase } of suspects) {',
    to: 'for (const { branch, phase } of suspects.slice(0, 0)) {',
    jest: ['int', 'apps/orchestrator/src/orchestrator', 'NATS has lost everything'],
  },
  {
    name: 'nobody looks for what is due',
    file: 'apps/orchestrator/src/partitions/due-poll.ts',
    from: 'if (partitions.length === 0) return;',
    to: 'if (partitions.length >= 0) return;',
    chaos: 2,
  },
  {
    name: 'streams and consumers are not made again after a wipe',
    file: 'libs/messaging/src/provisioner.ts',
    from: 'const jsm = await this.manager();\n      if (await found(jsm.consumers.info(consumer.stream, consumer.name))) return false;',
    to: 'if (this.running.size >= 0) return false;\n      const jsm = await this.manager();',
    chaos: 2,
  },
  {
    name: 'another idempotency key for every attempt',
    file: 'apps/orchestrator/src/effects/work.ts',
    from: '    idempotencyKey,\n',
    to: '    idempotencyKey: `${idempotencyKey}/${attempt}`,\n',
    chaos: 2,
  },
  {
    name: 'a repeated start is another workflow',
    file: 'apps/gateway/src/workflows/start-identity.ts',
    from: 'idempotencyKey === undefined ? uuidv7()',
    to: "idempotencyKey !== '' ? uuidv7()",
    chaos: 2,
  },
  {
    name: 'followers do not read the log',
    file: 'libs/event-store/src/log-follower.ts',
    from: '    if (!cursor.behind) {',
    to: '    if (cursor.taken >= 0) {',
    chaos: 2,
  },
];
