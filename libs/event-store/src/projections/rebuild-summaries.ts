import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { type EventStore } from '../event-store';
import { type Comparison, Generations, nextFollower, type Unsettled } from './generations';
import { type SummaryProjection } from './summary-projection';

/** Events that are read at once, and how many may be left when the new generation takes over. */
const page = 500;
/** Lines that are named in a report. */
const named = 20;
/** How long a line may stay behind before it is wrong, in milliseconds: the list follows the log within moments. */
const settlesWithinMs = 2_000;
/** How often the old generation is asked to give way, a second apart or more. */
const switchTries = 60;

export type RebuildOptions = {
  /** Only compare: the new generation is dropped again. */
  readonly verifyOnly?: boolean;
  /** Events that are read per second at most. */
  readonly rate?: number;
  readonly onProgress?: (done: number, total: number) => void;
};

export type RebuildReport = Comparison & {
  /** Whether a generation was gone on with that somebody had begun. */
  readonly resumed: boolean;
  readonly events: number;
  /** Lines that were wrong: the first of them. */
  readonly wrong: readonly { readonly workflow: string; readonly message: string }[];
  readonly switched: boolean;
};

/** Somebody else rebuilds the list now. Next move: wait until that is done. */
export class RebuildUnderWayError extends Error {
  override readonly name = 'RebuildUnderWayError';
  readonly code = 'rebuild.under-way';

  constructor() {
    super('Somebody else rebuilds the list now; wait until that is done');
  }
}

/**
 * Makes the list of workflows anew from the log, beside the one that is read, compares the two and puts the new one in the
 * place of the old. What was begun and broken off is gone on with. The list is served and kept up to date all the time.
 * @throws RebuildUnderWayError, StoreUnavailableError.
 */
export async function rebuildSummaries(
  url: string,
  store: Pick<EventStore, 'readPartition' | 'heads' | 'loadCheckpoints' | 'saveCheckpoints'>,
  projection: SummaryProjection,
  options: RebuildOptions = {},
): Promise<RebuildReport> {
  const client = new Client({ connectionString: url, application_name: 'braid-rebuild', keepAlive: true });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const generations = new Generations(client);
    if (!(await generations.claim())) throw new RebuildUnderWayError();
    const resumed = await generations.isBegun();
    if (!resumed) await generations.begin();
    const builder = new Builder(store, projection, options);
    while ((await builder.catchUp()) > page);
    const { comparison, wrong } = await compare(generations, builder);
    const switched = options.verifyOnly !== true && (await takeOver(generations, builder));
    if (!switched) await generations.drop();
    return { ...comparison, resumed, events: builder.read, wrong, switched };
  } finally {
    await client.end();
  }
}

/** Brings the new generation up to the log. */
class Builder {
  read = 0;
  readonly #began = performance.now();

  constructor(
    private readonly store: Pick<EventStore, 'readPartition' | 'heads' | 'loadCheckpoints' | 'saveCheckpoints'>,
    private readonly projection: SummaryProjection,
    private readonly options: RebuildOptions,
  ) {}

  /** Answers how many events it found. */
  async catchUp(): Promise<number> {
    const heads = await this.store.heads();
    const positions = new Map(await this.store.loadCheckpoints(nextFollower));
    const before = this.read;
    const total = [...heads.values()].reduce((sum, head) => sum + head, 0);
    for (const [partition, head] of heads) {
      for (let position = positions.get(partition) ?? 0; position < head;) {
        const events = await this.store.readPartition(partition, { afterPosition: position, limit: page });
        await this.projection.project(events);
        // The last positions may have left with their workflows.
        position = events.at(-1)?.position ?? head;
        positions.set(partition, position);
        await this.store.saveCheckpoints(nextFollower, new Map([[partition, position]]));
        this.read += events.length;
        const done = [...positions.values()].reduce((sum, at) => sum + at, 0);
        this.options.onProgress?.(Math.min(done, total), total);
        await this.pace();
      }
    }
    return this.read - before;
  }

  private async pace(): Promise<void> {
    const { rate } = this.options;
    if (rate === undefined) return;
    const early = (this.read / rate) * 1_000 - (performance.now() - this.#began);
    if (early > 0) await sleep(early);
  }
}

async function compare(generations: Generations, builder: Builder) {
  const suspects = await generations.unsettled(10_000);
  if (suspects.length > 0) {
    await sleep(settlesWithinMs);
    await builder.catchUp();
  }
  const late = new Map(
    (
      await generations.unsettled(
        suspects.length,
        suspects.map(({ workflow }) => workflow),
      )
    ).map((each) => [each.workflow, each]),
  );
  const stuck = suspects.filter(({ workflow, before }) => late.get(workflow)?.before === before);
  const comparison = await generations.compare();
  const differing = comparison.differing === 0 ? [] : await generations.differing(named);
  const wrong = [
    ...differing.map((workflow) => ({ workflow, message: 'its line is not what its history makes' })),
    ...stuck.map((each) => ({ workflow: each.workflow, message: inWords(each) })),
  ];
  return { comparison, wrong: wrong.slice(0, named) };
}

function inWords({ before, after }: Unsettled): string {
  if (before === null) return `it has no line, and a history of ${after ?? 0} events`;
  if (after === null) return 'it has a line, and no history';
  return `its line stands at version ${before}, and its history at ${after}`;
}

async function takeOver(generations: Generations, builder: Builder): Promise<boolean> {
  for (let tries = 0; tries < switchTries; tries++) {
    if (await generations.switch(async () => void (await builder.catchUp()))) return true;
    // A long read holds the old generation; what waits behind this one is let through first.
    await sleep(1_000);
    await builder.catchUp();
  }
  return false;
}
