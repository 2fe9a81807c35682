import { type Seat, Seat as SeatOf, type Surroundings } from './actors/cluster';
import { Client } from './actors/client';
import { orchestrator } from './actors/orchestrators';
import { runner } from './actors/runners';
import { Auditor } from './audit/auditor';
import { checkAtRest, unfinished } from './audit/final';
import { Fate } from './fate';
import { planOf } from './plan';
import { SimDatabase } from './servers/database';
import { SimNats } from './servers/nats';
import { calm } from './world/weather';
import { inWords, World } from './world/world';

export type Outcome = {
  readonly seed: number;
  /** Why this seed fails, if it does. */
  readonly violation: string | undefined;
  readonly trace: readonly string[];
  /** The same for two runs of a seed. */
  readonly digest: string;
  readonly steps: number;
  readonly events: number;
  readonly runs: number;
  /** Milliseconds of the world's time. */
  readonly lasted: number;
};

export type SimulateOptions = {
  /** Lines of the trace that are kept. */
  readonly keptLines?: number;
  readonly logLevel?: string;
};

/** How long a world may take to come to rest when nothing bad happens any more, in milliseconds. */
const restWithin = 300_000;
const lookEvery = 250;

/** Runs the world of one seed: a bad time first, then a calm one in which everything has to come to its end. */
export async function simulate(seed: number, options: SimulateOptions = {}): Promise<Outcome> {
  const plan = planOf(seed);
  const world = new World(seed + 1_000_003, { keptLines: options.keptLines ?? 60 });
  const weather = { ...calm(), ...plan.weather };
  const auditor = new Auditor(world);
  const surroundings: Surroundings = {
    world,
    plan,
    weather,
    auditor,
    database: new SimDatabase(world, plan.partitions, auditor),
    nats: new SimNats(world, weather, (stream, message) => auditor.stored(stream, message)),
    logLevel: options.logLevel ?? 'error',
  };
  const seats = (count: number, role: string, start: ConstructorParameters<typeof Seat>[2]) =>
    Array.from({ length: count }, (_, place) => new SeatOf(`${role}${place}`, surroundings, start));
  const orchestrators = seats(plan.orchestrators, 'o', orchestrator(surroundings));
  const runners = seats(plan.runners, 'r', runner(surroundings));
  const client = new Client(surroundings);
  const fate = new Fate(surroundings, orchestrators, runners);

  await world.run(() => world.now >= plan.badFor);
  fate.relent();
  await comeToRest(surroundings, client);
  if (!world.violation) {
    await checkAtRest(surroundings, client).catch((error: unknown) => world.violated(inWords(error)));
  }
  const { histories, effects } = auditor;
  return {
    seed,
    violation: world.violation?.message,
    trace: world.trace.last,
    digest: world.trace.digest,
    steps: world.steps,
    events: histories.workflows.reduce((sum, workflow) => sum + histories.eventsOf(workflow).length, 0),
    runs: effects.count,
    lasted: world.now,
  };
}

async function comeToRest(surroundings: Surroundings, client: Client): Promise<void> {
  const { world } = surroundings;
  const until = world.now + restWithin;
  for (let look = 1; !world.violation; look++) {
    const left = await unfinished(surroundings, client);
    if (left.length === 0) return;
    if (world.now >= until)
      return world.violated(`no rest ${restWithin / 1_000} s after all was well: ${left.slice(0, 10).join('; ')}`);
    if (look % 8 === 0) client.helpOut();
    const next = world.now + lookEvery;
    await world.run(() => world.now >= next);
  }
}
