import { Registry } from '@braid/service';
import { subjects } from '@braid/contracts';
import { SummaryProjection } from '@braid/event-store';
import { agent, graphOf, map } from '@braid/testing';
import { HeartbeatsController } from '../../../apps/orchestrator/src/heartbeats.controller';
import { Orchestrator } from '../../../apps/orchestrator/src/orchestrator';
import { orchestratorMetrics } from '../../../apps/orchestrator/src/orchestrator-metrics';
import { StoreClient } from '../servers/store-client';
import { inWords } from '../world/world';
import { type Start, type Surroundings } from './cluster';

/** What every child runs. */
const published = {
  version: '1',
  source: '',
  graph: graphOf([agent('c0'), map('c1', [1, 2], [agent('c2')])]),
  digest: '',
  publishedAt: 0,
};

/** Starts the orchestrator as its main file does, with a simulated database, bus and clock. */
export function orchestrator({ database, plan, weather, world }: Surroundings): Start {
  return (process, bus, logger) => {
    const client = new StoreClient(process, database, weather, plan.storePatience);
    const table = {
      query: <Answer>(statement: { readonly name: string }, values?: readonly unknown[]) =>
        client.ask(statement.name, () => database.summaries.query<Answer>(statement, values)),
    };
    const orchestrator = new Orchestrator({
      instance: process.name,
      config: {
        BRAID_PARTITIONS: plan.partitions,
        BRAID_LEASE_TTL: plan.leaseTtl,
        BRAID_REDISPATCH_AFTER: plan.redispatchAfter,
        BRAID_CACHE_WORKFLOWS: plan.cachedWorkflows,
        BRAID_MAX_BRANCHES: 1_000,
        BRAID_MAX_DEPTH: 3,
        BRAID_CHILD_CHECK: 5_000,
        BRAID_DRAIN_TIMEOUT: 5_000,
        BRAID_SECRET: 'the same for all of them',
        BRAID_RETENTION: 0,
        BRAID_ARCHIVE_DIR: '',
      },
      events: {
        playbooks: { get: (name) => client.ask('playbook', async () => ({ ...published, name })) },
        store: client.store,
        leases: client.leases,
        projection: new SummaryProjection(table),
        retention: { condemn: async () => [], remove: async () => false, collectPayloads: async () => 0 },
      },
      bus,
      logger,
      metrics: orchestratorMetrics(new Registry()),
      clock: process.clock,
      snapshotsFrom: plan.snapshotsFrom,
    });
    const heartbeats = new HeartbeatsController(orchestrator);
    bus.listen(subjects.heartbeats, ({ value }) => heartbeats.heard(Buffer.from(JSON.stringify(value))));
    orchestrator
      .start()
      .catch((error: unknown) => world.violated(`${process.name} could not start: ${inWords(error)}`));
    return async () => {
      await orchestrator.stop();
      await bus.close();
    };
  };
}
