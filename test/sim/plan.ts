import fc from 'fast-check';
import { type ExecutionMode, type Graph } from '@braid/events';
import { agent, branch, converge, graphOf, graphs, map, parallel } from '@braid/testing';
import { Chance } from './world/chance';
import { calm, type Weather } from './world/weather';

/** Everything that a seed decides beforehand; all else is drawn while the world runs. Durations are in milliseconds. */
export type Plan = {
  readonly seed: number;
  readonly partitions: number;
  readonly orchestrators: number;
  readonly runners: number;
  readonly slots: number;
  readonly concurrency: number | undefined;
  readonly leaseTtl: number;
  readonly redispatchAfter: number;
  readonly cachedWorkflows: number;
  readonly snapshotsFrom: number;
  readonly storePatience: number;
  readonly workflows: readonly PlannedWorkflow[];
  /** Commands to workflows during the bad time. */
  readonly commands: number;
  /** How long things are bad. */
  readonly badFor: number;
  readonly weather: Weather;
  /** Mean pause between two blows of fate. */
  readonly blowEvery: number;
  readonly blows: readonly [Blow, ...Blow[]];
  /** Milliseconds by which calendars differ at most. */
  readonly skew: number;
  readonly agents: AgentHabits;
};

export type PlannedWorkflow = {
  readonly id: string;
  readonly at: number;
  readonly graph: Graph;
  readonly mode: ExecutionMode;
};

export type AgentHabits = {
  readonly meanMs: number;
  readonly fails: number;
  /** How often one does not end by itself. */
  readonly hangs: number;
};

/** What may befall a world. */
export type Blow =
  | 'kill-orchestrator'
  | 'kill-runner'
  | 'stop-orchestrator'
  | 'stop-runner'
  | 'freeze-orchestrator'
  | 'freeze-runner'
  | 'cut-off'
  | 'nats-restart'
  | 'nats-wipe'
  | 'database-down'
  | 'database-clock';

const blows: readonly Blow[] = [
  'kill-orchestrator',
  'kill-runner',
  'stop-orchestrator',
  'stop-runner',
  'freeze-orchestrator',
  'freeze-runner',
  'cut-off',
  'nats-restart',
  'nats-wipe',
  'database-down',
  'database-clock',
];

/** What loses nothing that is on the bus. */
const gentle: readonly Blow[] = blows.filter((blow) => !['nats-restart', 'nats-wipe', 'stop-runner'].includes(blow));

const changesOfHands: readonly Blow[] = ['freeze-orchestrator', 'database-clock'];

const anyGraph = [graphs(undefined, 1), graphs(undefined, 2)] as const;

/** Each seed has some of the faults, of its own strength: all of them at once hide each other. */
export function planOf(seed: number): Plan {
  const chance = new Chance(seed);
  // With this patience, what a redelivery should repeat and does not is missed: no other mechanism repeats it in time.
  const patient = chance.happens(0.2);
  // Here partitions change hands all the time, while their former owners believe that they have them.
  const contested = chance.happens(0.15);
  const some = <T>(items: readonly T[]) => items.filter(() => chance.happens(0.4));
  const intensity = (often: number, most: number) => (chance.happens(often) ? chance.next() ** 2 * most : 0);
  const chosen = contested ? changesOfHands : some(patient ? gentle : blows);
  const [first = 'kill-orchestrator', ...others] = chosen;
  const partitions = chance.whole(1, 4);
  const weather: Weather = {
    ...calm(),
    cut: intensity(0.4, 0.1),
    slow: intensity(0.4, 0.2),
    mortality: intensity(0.6, 1_500),
    ...(!patient && { lost: intensity(0.5, 0.15), doubled: intensity(0.4, 0.2) }),
  };
  const meanMs = chance.pick([5, 50, 400]);
  return {
    seed,
    partitions,
    orchestrators: chance.whole(contested ? 2 : 1, 3),
    runners: chance.whole(1, 3),
    slots: chance.whole(1, 8),
    concurrency: chance.happens(0.2) ? chance.whole(1, 3) : undefined,
    leaseTtl: chance.pick([3_000, 6_000]),
    redispatchAfter: patient ? 3_600_000 : chance.pick([2_000, 5_000, 15_000]),
    cachedWorkflows: partitions * chance.pick([1, 2, 1_000]),
    snapshotsFrom: chance.pick([2, 3, 5, 12, 500]),
    storePatience: chance.pick([300, 3_000, 10_000]),
    workflows: Array.from({ length: chance.whole(1, 4) }, (_, place) => ({
      id: `w${place}`,
      at: chance.between(0, 3_000),
      graph: patient ? plainGraph(chance) : anyGraphOf(chance, seed * 8 + place),
      mode: chance.pick(['parallel', 'parallel', 'sequential'] as const),
    })),
    commands: patient ? 0 : chance.whole(0, 6),
    badFor: chance.between(3_000, 30_000),
    weather,
    blowEvery: contested ? chance.between(200, 1_500) : chance.between(500, 8_000),
    blows: [first, ...others],
    skew: chance.pick([0, 0, 50, 3_000]),
    agents: patient
      ? { meanMs, fails: 0, hangs: 0 }
      : { meanMs, fails: intensity(0.7, 0.6), hangs: intensity(0.3, 0.3) },
  };
}

function anyGraphOf(chance: Chance, seed: number): Graph {
  const [graph] = fc.sample(chance.pick(anyGraph), { seed, numRuns: 1 });
  if (graph === undefined) throw new Error('No graph was drawn');
  return graph;
}

/** Attempts and forks alone: nothing in it waits for time. */
function plainGraph(chance: Chance): Graph {
  const work = (id: string) => agent(id, { with: { context: '${{ context }}' } });
  const wide = parallel(
    's1',
    Array.from({ length: chance.whole(1, 5) }, (_, index) =>
      branch(`b${index}`, [work(`s2${index}`), work(`s3${index}`)], {
        needs: index > 0 && chance.happens(0.3) ? [`b${chance.whole(0, index - 1)}`] : [],
      }),
    ),
    { converge: converge({ losers: 'drain' }) },
  );
  return graphOf([work('s0'), wide, map('s4', [1, 2, 3], [work('s5')]), work('s6')]);
}
