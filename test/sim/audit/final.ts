import { eventId } from '@braid/events';
import { SummaryProjection } from '@braid/event-store';
import { difference, WorkflowSnapshots } from '@braid/history';
import { fold, isOpen } from '@braid/workflow';
import { type Client } from '../actors/client';
import { type Surroundings } from '../actors/cluster';
import { SummaryTable } from '../servers/summary-table';

/** What is not yet as it must be in the end; empty when the world has come to rest. */
export async function unfinished(
  { auditor, database, nats }: Surroundings,
  client: Client,
): Promise<readonly string[]> {
  const { histories } = auditor;
  const open = histories.workflows.flatMap((workflow) => {
    const state = histories.stateOf(workflow);
    return state.status === 'unborn' || !isOpen(state) ? [] : [`${workflow} is ${state.status}`];
  });
  const checkpoints = await Promise.all(['feed', 'summaries'].map((name) => database.store.loadCheckpoints(name)));
  const behind = [...histories.headOf].filter(([p, head]) => checkpoints.some((each) => (each.get(p) ?? 0) < head));
  return [
    ...open,
    ...client.unanswered.map((subject) => `no receipt for ${subject}`),
    ...nats.left().map((message) => `left: ${message}`),
    ...behind.map(([partition]) => `a follower of partition ${partition} is behind`),
  ];
}

/** What must hold of a world at rest. Throws at the first that does not. */
export async function checkAtRest({ auditor, database, plan, world }: Surroundings, client: Client): Promise<void> {
  const { effects, histories, published } = auditor;
  const { store, summaries } = database;
  const must = (holds: boolean, what: string) => {
    if (!holds) throw new Error(what);
  };
  for (const workflow of client.accepted) {
    must(histories.eventsOf(workflow).length > 0, `the start of ${workflow} was answered with success and is lost`);
  }
  must((await store.overdue(-Infinity)) === 0, 'a workflow that has ended is still due');
  must(effects.withSeveralKeys().length === 0, `several idempotency keys for ${effects.withSeveralKeys().join(', ')}`);
  const snapshots = new WorkflowSnapshots(store, plan.snapshotsFrom);
  for (const workflow of histories.workflows) {
    histories.checkFolded(workflow);
    const events = await store.readStream(workflow);
    must(JSON.stringify(events) === JSON.stringify(histories.eventsOf(workflow)), `the log of ${workflow} has changed`);
    const differs = difference(await snapshots.load(workflow), fold(events));
    must(differs === undefined, `snapshot and tail of ${workflow} differ from the log at ${differs ?? ''}`);
    for (const event of events) {
      must(published.has(eventId(event)), `${eventId(event)} was never published`);
      if (event.type !== 'BranchCompleted' && event.type !== 'BranchAdvanced') continue;
      const { run, step, branch, output } = event.data as {
        run?: { attempt: number; runner: string };
        step?: string;
        branch: string;
        output: null;
      };
      if (run === undefined || step === undefined) continue;
      const why = effects.contradicts({ workflow, branch, step }, run.attempt, run.runner, output);
      must(why === undefined, `${eventId(event)} says that ${branch} has done ${step}, but ${why ?? ''}`);
    }
  }
  const rebuilt = new SummaryTable();
  const log = (
    await Promise.all(
      [...histories.headOf.keys()].map((p) => store.readPartition(p, { afterPosition: 0, limit: Infinity })),
    )
  ).flat();
  await new SummaryProjection(rebuilt).project(log);
  for (const [workflow, row] of rebuilt.rows) {
    must(
      summaries.rows.get(workflow) === row,
      `the summary of ${workflow} is ${summaries.rows.get(workflow) ?? 'missing'}, not ${row}`,
    );
  }
  world.log('audit', `is content: ${log.length} events, ${effects.count} runs`);
}
