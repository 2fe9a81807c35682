import { type Config } from '@braid/contracts';
import { openEventStore } from '@braid/event-store';
import { type Bus, connectBus } from '@braid/messaging';
import { Counter, createMetrics, Gauge, type Logger, type Readiness } from '@braid/service';
import { ConfirmedSender } from './bus/confirmed-sender';
import { natsSignals } from './bus/nats-signals';
import { Receipts } from './bus/receipts';
import { EventStreams } from './edge/event-streams';
import { Feed } from './events/feed';
import { PublicStreams } from './events/public-streams';
import { DeadLetters } from './operations/dead-letters';
import { OrphanReport } from './operations/orphan-report';
import { Presence } from './operations/presence';
import { Verification } from './operations/verification';
import { PlaybookCatalogue } from './playbooks/playbook-catalogue';
import { Endings } from './workflows/endings';
import { LiveAttempts } from './workflows/live-attempts';
import { StartGate } from './workflows/start-gate';
import { WorkflowCommands } from './workflows/workflow-commands';
import { WorkflowQueries } from './workflows/workflow-queries';
import { WorkflowReader } from './workflows/workflow-reader';
import { WorkflowStarter } from './workflows/workflow-starter';

/** How often followers look into the store without a hint, in milliseconds. */
const pollMs = 1_000;
/** Silence after which a start or command is sent again, in milliseconds. */
const resendAfterMs = 2_000;
/** Signs of life that may be missing in a row before a runner or attempt counts as silent. */
const toleratedSilence = 3;

export type GatewayServices = Awaited<ReturnType<typeof openServices>>;

/**
 * Everything that the gateway does, without a framework: each edge (HTTP, gRPC) translates to and from these.
 * @throws StoreSetupError, StoreUnavailableError, or what connecting to NATS throws.
 */
export async function openServices(config: Config, instance: string, logger: Logger) {
  const partitions = config.BRAID_PARTITIONS;
  const stored = await openEventStore({ url: config.DATABASE_URL, partitions });
  let bus: Bus;
  try {
    bus = await connectBus({ url: config.NATS_URL, name: instance, log: logger });
  } catch (error) {
    await stored.close();
    throw error;
  }
  const signals = natsSignals(bus);
  const receipts = new Receipts(signals);
  const endings = new Endings(signals);
  // The server must know the subscriptions before it gets anything that is answered to them.
  await signals.flush();

  const { store } = stored;
  const silence = toleratedSilence * config.BRAID_HEARTBEAT_INTERVAL;
  const attempts = new LiveAttempts(silence);
  const presence = new Presence(Math.max(silence, 15_000));
  const reader = new WorkflowReader(store);
  const catalogue = new PlaybookCatalogue(stored.playbooks, () => presence.listAgents().map(({ agent }) => agent));
  const sender = new ConfirmedSender(bus.publisher, receipts, {
    receiptTimeoutMs: config.BRAID_RECEIPT_TIMEOUT,
    resendAfterMs,
  });
  const clients = new EventStreams(logger, config.BRAID_STREAM_STALL);
  const feed = new Feed(store, signals, { partitions, pollMs });
  const registry = createMetrics('gateway');
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  gauge('braid_gateway_event_streams', 'Clients that follow events now', () => clients.size);
  gauge('braid_gateway_waiting_starts', 'Workflows whose end somebody waits for', () => endings.waiting);
  gauge('braid_gateway_publishing', 'Messages that are sent and not yet stored', () => bus.publisher.pending);
  const refused = new Counter({
    name: 'braid_gateway_starts_refused_total',
    help: 'Starts that were held back, by code',
    labelNames: ['code'],
    registers: [registry],
  });
  const gate = new StartGate(
    {
      most: config.BRAID_STARTS_AT_ONCE,
      mostBytes: config.BRAID_START_BYTES_AT_ONCE,
      patienceMs: config.BRAID_START_PATIENCE,
    },
    (code) => refused.inc({ code }),
  );
  gauge('braid_gateway_starts', 'Starts that are in hand', () => gate.inHand);
  gauge('braid_gateway_runners', 'Runners that were heard lately', () => presence.listRunners().length);

  const checks: Readiness = {
    postgresql: async () => void (await store.heads()),
    nats: () => {
      if (!bus.connected) throw new Error('not connected');
    },
  };
  return {
    attempts,
    presence,
    catalogue,
    clients,
    checks,
    registry,
    gate,
    starter: new WorkflowStarter(catalogue, sender, reader, endings, gate, {
      partitions,
      executionMode: config.BRAID_EXECUTION_MODE === 'sequential' ? 'sequential' : 'parallel',
    }),
    commands: new WorkflowCommands(sender, reader, partitions),
    queries: new WorkflowQueries(store, stored.summaries, reader, attempts.find),
    streams: new PublicStreams({ store, signals, pollMs }, reader, feed, partitions),
    deadLetters: new DeadLetters(bus),
    orphans: new OrphanReport(store),
    verification: new Verification(stored),
    /** Ends what would otherwise hold requests open: event streams, and waits for the ends of workflows. */
    releaseClients(): void {
      clients.close();
      endings.release();
    },
    async close(): Promise<void> {
      receipts.close();
      endings.close();
      await bus.close();
      await stored.close();
    },
  };
}
