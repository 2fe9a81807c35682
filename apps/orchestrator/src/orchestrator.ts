import { type Clock, systemClock, type Timer } from '@braid/clock';
import { type RecordedEvent, type StoredEvent } from '@braid/events';
import { type Config, type HeartbeatMessage, partitionOf, subjects } from '@braid/contracts';
import {
  GroupCommit,
  type Lease,
  LogFollower,
  type OpenEventStore,
  type Playbooks,
  summaryFollower,
} from '@braid/event-store';
import { WorkflowSnapshots } from '@braid/history';
import { agentConsumer, type Bus, setAsideStrays } from '@braid/messaging';
import { type Logger } from '@braid/service';
import { Family } from './children/family';
import { PublishedGraphs } from './children/published-graphs';
import { Dispatcher } from './effects/dispatcher';
import { PlaybookNames, publishEvents } from './effects/event-feed';
import { TaskTokens } from './effects/task-token';
import { type OrchestratorMetrics } from './orchestrator-metrics';
import { DuePoll } from './partitions/due-poll';
import { LeaseKeeper } from './partitions/lease-keeper';
import { type OwnerContext } from './partitions/owner-context';
import { PartitionOwner } from './partitions/partition-owner';
import { RetentionSweep } from './retention/retention-sweep';
import { SignsOfLifeRegister } from './workflows/signs-of-life';

/** Signs older than this tell nothing any more, in milliseconds. */
const signsKept = 600_000;
const everyMs = 5_000;

export type OrchestratorOptions = {
  readonly instance: string;
  readonly config: Pick<
    Config,
    | 'BRAID_PARTITIONS'
    | 'BRAID_LEASE_TTL'
    | 'BRAID_REDISPATCH_AFTER'
    | 'BRAID_CACHE_WORKFLOWS'
    | 'BRAID_MAX_BRANCHES'
    | 'BRAID_MAX_DEPTH'
    | 'BRAID_CHILD_CHECK'
    | 'BRAID_DRAIN_TIMEOUT'
    | 'BRAID_SECRET'
    | 'BRAID_RETENTION'
    | 'BRAID_ARCHIVE_DIR'
  >;
  readonly events: Pick<OpenEventStore, 'store' | 'leases' | 'projection' | 'retention'> & {
    readonly playbooks: Pick<Playbooks, 'get'>;
  };
  readonly bus: Bus;
  readonly logger: Logger;
  readonly metrics: OrchestratorMetrics;
  readonly clock?: Clock;
  /** From this length on, snapshots of a history are kept. */
  readonly snapshotsFrom?: number;
};

/** One orchestrator: the owner of its share of the partitions, and of everything that follows their logs. */
export class Orchestrator {
  private readonly signs = new SignsOfLifeRegister();
  private readonly clock: Clock;
  private readonly owners = new Map<number, PartitionOwner>();
  private readonly committer: GroupCommit;
  private readonly followers: readonly LogFollower[];
  private readonly names: PlaybookNames;
  private readonly leases: LeaseKeeper;
  private readonly poll: DuePoll;
  private readonly retention: RetentionSweep;
  private readonly context: OwnerContext;
  private readonly backlogs = new Map<string, { readonly at: number; readonly size: Promise<number> }>();
  private housekeeping: Timer | undefined;
  private unlisten: (() => void) | undefined;

  constructor(private readonly options: OrchestratorOptions) {
    const { bus, config, events, instance, logger, metrics } = options;
    const { store, projection } = events;
    const clock = (this.clock = options.clock ?? systemClock);
    this.committer = new GroupCommit(store, {
      onUnavailable: (error) => logger.warn({ error }, 'the store cannot be reached; commits wait'),
      clock,
    });
    this.names = new PlaybookNames((workflow) => this.readPlaybookName(workflow), config.BRAID_CACHE_WORKFLOWS);
    const follow = (name: string, handle: (events: readonly StoredEvent[]) => Promise<void>) =>
      new LogFollower({
        store,
        name,
        handle,
        onError: (error) => logger.warn({ error, name }, 'a follower of the log stumbled; it tries again'),
        clock,
      });
    this.followers = [
      follow('feed', (batch) => publishEvents(bus.publisher, this.names, batch)),
      follow(summaryFollower, (batch) => projection.project(batch)),
    ];
    const tokens = new TaskTokens(config.BRAID_SECRET);
    this.context = {
      bus,
      committer: { commit: (commit) => this.commit(commit) },
      dispatcher: new Dispatcher(bus, logger),
      family: new Family({
        publisher: bus.publisher,
        store,
        playbooks: new PublishedGraphs(events.playbooks, clock),
        tokens,
        partitions: config.BRAID_PARTITIONS,
        logger,
      }),
      tokens,
      signs: this.signs,
      metrics,
      logger,
      limits: { maxBranches: config.BRAID_MAX_BRANCHES, maxDepth: config.BRAID_MAX_DEPTH },
      partitions: config.BRAID_PARTITIONS,
      cacheCapacity: Math.ceil(config.BRAID_CACHE_WORKFLOWS / config.BRAID_PARTITIONS),
      redispatchAfter: config.BRAID_REDISPATCH_AFTER,
      childCheck: config.BRAID_CHILD_CHECK,
      clock,
      snapshots: new WorkflowSnapshots(store, options.snapshotsFrom),
      backlog: (agent) => this.backlogOf(agent),
      recorded: (partition, position, recorded, playbook) => this.recorded(partition, position, recorded, playbook),
      surelyOwner: () => this.leases.check(),
      onFenced: (lease) => this.leases.fenced(lease),
    };
    this.leases = new LeaseKeeper(
      events.leases,
      { owner: instance, partitions: config.BRAID_PARTITIONS, ttl: config.BRAID_LEASE_TTL, clock },
      {
        acquired: (lease) => this.acquired(lease),
        drain: (partition) => this.drain(partition),
        lost: (partition) => this.lost(partition),
        released: () => bus.emit(subjects.released, {}),
      },
      logger,
    );
    this.poll = new DuePoll(
      store,
      () => [...this.owners.keys()],
      (partition, workflow) => this.owners.get(partition)?.tick(workflow),
      clock,
      logger,
    );
    const followers = ['feed', summaryFollower];
    this.retention = new RetentionSweep({
      events,
      config,
      followers,
      logger,
      metrics,
      clock,
      isOurs: () => this.isFirst(),
    });
  }

  /** Partitions that this process owns now. */
  get partitions(): readonly number[] {
    return this.leases.partitions;
  }

  /** Runners say which attempts they work on. */
  heard(message: HeartbeatMessage): void {
    this.signs.heard(message, this.clock.now());
    const { BRAID_PARTITIONS } = this.options.config;
    for (const attempt of message.attempts) {
      this.owners.get(partitionOf(attempt.workflow, BRAID_PARTITIONS))?.heard(attempt);
    }
  }

  async start(): Promise<void> {
    const { bus } = this.options;
    this.unlisten = bus.listen(subjects.released, () => this.leases.wake());
    await this.leases.start();
    this.poll.start();
    this.retention.start();
    this.housekeeping = this.clock.every(everyMs, () => this.keepHouse());
  }

  /** Finishes what is in hand, hands the partitions over and stops. */
  async stop(): Promise<void> {
    this.unlisten?.();
    this.poll.stop();
    await this.retention.stop();
    this.housekeeping?.stop();
    await this.leases.stop();
    await this.committer.close(this.options.config.BRAID_DRAIN_TIMEOUT);
    await Promise.all(this.followers.map((follower) => follower.stop()));
  }

  private acquired(lease: Lease): void {
    const owner = new PartitionOwner(lease, this.context);
    this.owners.set(lease.partition, owner);
    void this.reassign();
    owner.start();
    this.options.metrics.partitions.set(this.owners.size);
    this.options.logger.debug({ ...lease }, 'partition acquired');
  }

  private commit(commit: Parameters<GroupCommit['commit']>[0]): ReturnType<GroupCommit['commit']> {
    const done = this.committer.commit(commit);
    const count = ({ kind }: Awaited<typeof done>) => kind === 'fenced' && this.options.metrics.staleCommits.inc();
    done.then(count, () => undefined);
    return done;
  }

  private async drain(partition: number): Promise<void> {
    await this.owners.get(partition)?.drain();
    this.forget(partition);
    await this.reassign();
  }

  private lost(partition: number): void {
    this.options.metrics.fenced.inc();
    this.owners.get(partition)?.abandon();
    this.forget(partition);
    void this.reassign();
  }

  private forget(partition: number): void {
    this.owners.delete(partition);
    this.options.metrics.partitions.set(this.owners.size);
  }

  /** The log is followed where it is written: each partition has one follower of each kind at work. */
  private async reassign(): Promise<void> {
    const partitions = [...this.owners.keys()];
    await Promise.all(this.followers.map((follower) => follower.assign(partitions)));
  }

  private recorded(partition: number, position: number, events: readonly RecordedEvent[], playbook: string): void {
    const [first] = events;
    if (first === undefined) return;
    this.options.metrics.events.inc(events.length);
    this.names.remember(first.workflow, playbook);
    const before = position - events.length;
    const stored = events.map((event, index) => ({ ...event, partition, position: before + index + 1 }));
    for (const follower of this.followers) follower.offer(stored);
  }

  private async readPlaybookName(workflow: string): Promise<string> {
    const [first] = await this.options.events.store.readStream(workflow, { limit: 1 });
    return first?.type === 'WorkflowStarted' ? first.data.playbook.name : '';
  }

  /** Asked at most once a second per agent. */
  private backlogOf(agent: string): Promise<number> {
    const known = this.backlogs.get(agent);
    const now = this.clock.monotonic();
    if (known && now - known.at < 1_000) return known.size;
    const size = this.countBacklog(agent);
    this.backlogs.set(agent, { at: now, size });
    return size;
  }

  private async countBacklog(agent: string): Promise<number> {
    const { bus, logger } = this.options;
    try {
      return await bus.provisioner.backlog(agentConsumer(agent));
    } catch (error) {
      logger.warn({ error, agent }, 'the backlog of an agent could not be read');
      return 1;
    }
  }

  /** What concerns the installation as a whole is seen to by one orchestrator: the one that owns the first partition. */
  private isFirst(): boolean {
    return this.owners.has(0);
  }

  private async setAsideStrays(): Promise<void> {
    if (!this.isFirst()) return;
    const { bus, config, logger, metrics } = this.options;
    try {
      const count = await setAsideStrays(bus, { partitions: config.BRAID_PARTITIONS });
      if (count === 0) return;
      metrics.deadLetters.inc(count);
      logger.warn({ count }, 'messages that belong to no partition were set aside');
    } catch (error) {
      logger.warn({ error }, 'the work queue could not be looked through; trying again');
    }
  }

  private keepHouse(): void {
    void this.setAsideStrays();
    const { metrics } = this.options;
    this.signs.forgetBefore(this.clock.now() - signsKept);
    let workflows = 0;
    for (const owner of this.owners.values()) workflows += owner.workflowsInMemory;
    metrics.workflows.set(workflows);
    metrics.commitQueue.set(this.committer.pending);
  }
}
