import { sleep } from '@braid/clock';
import {
  type AppendOutcome,
  type EventStore,
  type Lease,
  type PartitionAppend,
  type PartitionLeases,
  StoreUnavailableError,
} from '@braid/event-store';
import { Disconnected, exchange } from '../world/exchange';
import { type SimProcess } from '../world/process';
import { type Weather } from '../world/weather';
import { type SimDatabase } from './database';

/** What one process sees of the database. It waits out an outage for a while, and finds out what became of its appends. */
export class StoreClient {
  readonly store: EventStore;
  readonly leases: PartitionLeases;
  readonly #commits = new Map<number, { readonly epoch: number; commits: number }>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly process: SimProcess,
    private readonly database: SimDatabase,
    private readonly weather: Weather,
    private readonly patienceMs: number,
  ) {
    this.store = this.storePort();
    this.leases = this.leasesPort();
  }

  /** Asks the database for what may be asked twice without harm. */
  async ask<T>(what: string, carryOut: () => Promise<T>): Promise<T> {
    return this.#patiently(
      () => this.#once(what, carryOut),
      () => 'unknown',
    );
  }

  private storePort(): EventStore {
    const { database, process } = this;
    const { store } = database;
    return {
      append: (batch) => {
        const run = this.#last.then(() => this.#append(batch));
        this.#last = run.catch(() => undefined);
        return run;
      },
      readStream: (workflow, options) => this.ask(`read ${workflow}`, () => store.readStream(workflow, options)),
      readPartition: (partition, options) =>
        this.ask(`read partition ${partition}`, () => store.readPartition(partition, options)),
      heads: () => this.ask('heads', () => store.heads()),
      due: (partitions, before, limit) => this.ask('due', () => store.due(partitions, before, limit)),
      overdue: (ms) => this.ask('overdue', () => store.overdue(ms)),
      loadSnapshot: (workflow) => this.ask(`load snapshot of ${workflow}`, () => store.loadSnapshot(workflow)),
      saveSnapshot: (snapshot) => {
        const text = JSON.stringify(snapshot.state);
        process.world.log(process.name, `takes a snapshot of ${snapshot.workflow} at ${snapshot.version}`);
        return this.ask('save snapshot', () => database.saveSnapshot({ ...snapshot, state: JSON.parse(text) }));
      },
      loadCheckpoints: (name) => this.ask(`checkpoints of ${name}`, () => store.loadCheckpoints(name)),
      saveCheckpoints: (name, checkpoints) => {
        const copy = new Map(checkpoints);
        return this.ask(`save checkpoints of ${name}`, () => store.saveCheckpoints(name, copy));
      },
      forgetCheckpoints: (name) => this.ask('forget checkpoints', () => store.forgetCheckpoints(name)),
    };
  }

  private leasesPort(): PartitionLeases {
    const { leases } = this.database.store;
    const copy = (held: readonly Lease[]) => [...held];
    return {
      announce: (owner, ttl) => this.ask('announce', () => leases.announce(owner, ttl)),
      acquire: (owner, limit, ttl) => this.ask('acquire', () => leases.acquire(owner, limit, ttl)),
      renew: (owner, held, ttl) => this.ask('renew', () => leases.renew(owner, copy(held), ttl)),
      release: (owner, held) => this.ask('release', () => leases.release(owner, copy(held))),
      leave: (owner) => this.ask('leave', () => leases.leave(owner)),
      list: () => leases.list(),
    };
  }

  /**
   * Copies of one append may still be on their way when a connection broke, so every copy names the number of commits that it
   * is built on. When one is refused for that, whether the append is in the log cannot change any more.
   */
  async #append(batch: readonly PartitionAppend[]): Promise<AppendOutcome> {
    const what = `append ${batch.map((each) => `p${each.partition}e${each.epoch}:${each.events.length}`).join(' ')}`;
    const mayBeAnswered = batch.some(({ events }) => events.length > 0);
    let sent = false;
    return this.#patiently(
      async () => {
        for (;;) {
          const builtOn = await this.#builtOn(batch);
          sent = true;
          const outcome = await this.#once(what, () => this.database.appendCopy(batch, builtOn));
          const outdated = outcome.kind === 'outdated';
          const positions =
            outdated && mayBeAnswered ? await this.#once('written?', () => this.database.written(batch)) : undefined;
          for (const { partition } of batch) {
            const known = this.#commits.get(partition);
            if (known && (positions !== undefined || outcome.kind === 'committed')) known.commits += 1;
            else this.#commits.delete(partition);
          }
          if (positions !== undefined) return { kind: 'committed', positions };
          if (!outdated) return outcome;
        }
      },
      () => (sent ? 'unknown' : 'not-written'),
    );
  }

  async #builtOn(batch: readonly PartitionAppend[]): Promise<ReadonlyMap<number, number>> {
    const missing = batch.filter(({ partition, epoch }) => this.#commits.get(partition)?.epoch !== epoch);
    if (missing.length > 0) {
      const partitions = missing.map(({ partition }) => partition);
      const counts = await this.#once('commits', async () => this.database.commitsOf(partitions));
      for (const { partition, epoch } of missing) {
        this.#commits.set(partition, { epoch, commits: counts.get(partition) ?? 0 });
      }
    }
    return new Map(batch.map(({ partition }) => [partition, this.#commits.get(partition)?.commits ?? 0]));
  }

  #once<T>(what: string, carryOut: () => Promise<T>): Promise<T> {
    const { database } = this;
    return exchange(this.process, this.weather, what, {
      get up() {
        return database.up;
      },
      carryOut,
    });
  }

  async #patiently<T>(run: () => Promise<T>, outcome: () => 'unknown' | 'not-written'): Promise<T> {
    const { clock } = this.process;
    const deadline = clock.monotonic() + this.patienceMs;
    for (let wait = 20; ; wait = Math.min(wait * 2, 1_000)) {
      try {
        return await run();
      } catch (error) {
        if (!(error instanceof Disconnected)) throw error;
        if (clock.monotonic() > deadline) throw new StoreUnavailableError(outcome(), { cause: error });
      }
      await sleep(clock, wait * (0.5 + clock.random() / 2));
    }
  }
}
