import fc from 'fast-check';
import {
  type AgentStep,
  type Amounts,
  type Convergence,
  type Graph,
  type Json,
  type Requirement,
  type Step,
  type Strategy,
} from '@braid/events';
import { agent, branch, child, choose, converge, fail, graphOf, map, parallel, set, signal, wait, when } from './graph';

/** A step before it has an id: what fast-check draws and shrinks. */
type Draft =
  | { readonly kind: 'agent'; readonly more: Partial<AgentStep> }
  | { readonly kind: 'set'; readonly more: Partial<AgentStep>; readonly key: string; readonly value: Json }
  | {
      readonly kind: 'parallel';
      readonly more: Partial<AgentStep>;
      readonly maxConcurrency: number | undefined;
      readonly converge: Convergence;
      readonly branches: readonly DraftBranch[];
    }
  | {
      readonly kind: 'map';
      readonly more: Partial<AgentStep>;
      readonly maxConcurrency: number | undefined;
      readonly converge: Convergence;
      readonly items: number;
      readonly steps: readonly Draft[];
    }
  | { readonly kind: 'choose'; readonly more: Partial<AgentStep>; readonly cases: readonly DraftCase[] }
  | { readonly kind: 'wait'; readonly more: Partial<AgentStep>; readonly time: number | string }
  | {
      readonly kind: 'signal';
      readonly more: Partial<AgentStep>;
      readonly timeout: number | undefined;
      readonly name: SignalName;
    }
  | { readonly kind: 'fail'; readonly more: Partial<AgentStep> }
  | {
      readonly kind: 'playbook';
      readonly more: Partial<AgentStep>;
      readonly timeout: number | undefined;
      readonly with: Json;
    }
  /** A step with others that answer its failure. */
  | {
      readonly kind: 'answered';
      readonly step: Draft;
      readonly by: 'onFailure' | 'onUnmet';
      readonly answer: readonly Draft[];
    }
  /** A step with others that undo it. */
  | { readonly kind: 'undone'; readonly step: Draft; readonly compensate: readonly Draft[] };

type DraftCase = { readonly when: string | undefined; readonly steps: readonly Draft[] };

type DraftBranch = {
  /** Who may need whom: a branch needs only siblings of a lower rank, so needs run against the declared order too. */
  readonly rank: number;
  readonly needs: readonly boolean[];
  readonly require: Requirement | undefined;
  readonly if: string | undefined;
  readonly steps: readonly Draft[];
};

export type GraphOptions = {
  readonly strategies: readonly Strategy[];
  /** Whether time, signals, children and budgets may end things: deadlines, timeouts. */
  readonly timed: boolean;
  readonly losers: readonly Convergence['losers'][];
  /** Whether steps may say how they are undone. */
  readonly undone?: boolean;
};

const everyStrategy: readonly Strategy[] = [
  { name: 'all-must-complete' },
  { name: 'all-settled' },
  { name: 'all-settled', require: 2 },
  { name: 'all-settled', require: { percent: 50 } },
  { name: 'first-success' },
  { name: 'quorum', require: 2 },
  { name: 'quorum', require: { percent: 40 } },
  { name: 'majority-vote', by: 'output.v', of: 'all', tieBreak: 'fail' },
  { name: 'majority-vote', by: 'output.v', of: 'cast', tieBreak: 'first' },
  {
    name: 'majority-vote',
    by: 'branch.index < 3 ? output.v : 1',
    of: 'cast',
    tieBreak: { branch: 'b1' },
    weights: { b0: 2 },
  },
  { name: 'best-of', score: 'output.v' },
  { name: 'reduce', initial: [], with: ['${{ accumulator }}', '${{ output }}'] },
  { name: 'first-success', schema: { type: 'object', properties: { v: { maximum: 2 } } } },
  { name: 'judge', judge: agent('judge', { with: '${{ outputs }}' }) },
  {
    name: 'judge',
    require: { percent: 60 },
    judge: agent('judge', {
      with: ['${{ outputs }}', '${{ needs }}', '${{ outputs.size() > 2 ? variables.missing : 1 }}'],
      startTimeout: 500,
      retry: {
        maximumAttempts: 2,
        initialInterval: 100,
        backoffCoefficient: 2,
        maximumInterval: 1000,
        nonRetryableErrors: ['Fatal'],
      },
    }),
  },
];

export const anything: GraphOptions = {
  strategies: everyStrategy,
  timed: true,
  losers: ['cancel', 'drain', 'detach'],
  undone: true,
};

/** The signals that drawn steps wait for, and the schemas of their payloads. */
export const signals = { go: {}, count: { type: 'number' } } as const;

export type SignalName = keyof typeof signals;

/** Variables that the drawn conditions speak of. */
export const variables = { yes: true, no: false };

const seldom = <T>(value: fc.Arbitrary<T>, weight = 4): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

const condition = seldom(
  fc.constantFrom('variables.yes', 'variables.yes', 'variables.no', 'variables.no', 'variables.missing'),
  12,
);
const key = fc.constantFrom('k0', 'k1', 'k2');

/** Who comes too late for it depends on the order of arrivals. */
const budget = seldom(fc.constantFrom<Amounts>({ tokens: 10 }, { tokens: 40, usd: 0.5 }, { attempts: 6 }), 2);

/** What an agent is asked with: everything that its branch can see, so that a leak shows up in the request. */
const everythingInSight: Json = { context: '${{ context }}', steps: '${{ steps }}', needs: '${{ needs }}' };

function agentStep({ timed }: GraphOptions): fc.Arbitrary<Partial<AgentStep>> {
  const limit = timed ? seldom(fc.integer({ min: 20, max: 2000 })) : fc.constant(undefined);
  const parts = { if: condition, export: exported, heartbeatTimeout: limit, startTimeout: limit };
  return fc
    .record({
      ...parts,
      onFailure: fc.constantFrom<'fail' | 'continue'>('fail', 'fail', 'continue'),
      maximumAttempts: fc.constantFrom(1, 1, 2, 3),
      initialInterval: fc.constantFrom(0, 100),
      cost: seldom(fc.constantFrom<Amounts>({ tokens: 3 }, { tokens: 7 }, { tokens: 0 }, { usd: 0.1 }), 2),
      output: seldom(fc.constant({ type: 'object', required: ['v'], properties: { v: { type: 'number' } } })),
    })
    .map(({ maximumAttempts, initialInterval, onFailure, ...optional }) => ({
      ...defined(optional),
      onFailure,
      with: everythingInSight,
      timeout: 1000,
      retry: {
        maximumAttempts,
        initialInterval,
        backoffCoefficient: 2,
        maximumInterval: 1000,
        nonRetryableErrors: ['Fatal'],
      },
    }));
}

const exported = seldom(
  fc.tuple(key, fc.constantFrom<Json>(1, 2, '${{ output }}', '${{ output.v }}')).map(([k, value]) => ({ [k]: value })),
);

const common = fc
  .record({ if: condition, export: exported, onFailure: fc.constantFrom<'fail' | 'continue'>('fail', 'continue') })
  .map(defined);

function convergence({ strategies, timed, losers }: GraphOptions): fc.Arbitrary<Convergence> {
  return fc
    .record({
      strategy: fc.constantFrom(...strategies),
      losers: fc.constantFrom(...losers),
      deadline: timed ? seldom(fc.integer({ min: 1, max: 3000 }), 1) : fc.constant(undefined),
      onUnmet: fc.constantFrom<'fail' | 'continue'>('fail', 'continue'),
      onConflict: fc.constantFrom<Convergence['onConflict']>('error', 'first', 'last', { prefer: 'b1' }),
    })
    .map((each) => converge(defined(each)));
}

function step(options: GraphOptions, depth: number): fc.Arbitrary<Draft> {
  const { undone = false, ...plain } = options;
  if (!undone) return plainStep(options, depth);
  const own = plainStep(options, depth);
  const compensate = fc.array(plainStep(plain, Math.min(depth, 1)), { minLength: 1, maxLength: 2 });
  return fc.oneof(
    { weight: 3, arbitrary: own },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('undone'), step: own, compensate }) },
  );
}

function plainStep(options: GraphOptions, depth: number): fc.Arbitrary<Draft> {
  const plain: fc.WeightedArbitrary<Draft>[] = [
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('agent'), more: agentStep(options) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('set'),
        more: common,
        key,
        value: fc.constantFrom<Json>(1, 2, '${{ context }}'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('wait'),
        more: common,
        time: fc.constantFrom<number | string>(0, 300, 1500, '2s', '1970-01-01T00:16:42Z', '${{ context.k0 }}'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail'), more: common }) },
  ];
  if (options.timed) {
    const name = fc.constantFrom<SignalName>('go', 'count');
    const timeout = seldom(fc.constantFrom(300, 2000), 1);
    plain.push({ weight: 1, arbitrary: fc.record({ kind: fc.constant('signal'), more: common, name, timeout }) });
    const given = fc.constantFrom<Json>(
      {},
      everythingInSight,
      everythingInSight,
      '${{ context }}',
      '${{ context.k0 }}',
    );
    const more = { kind: fc.constant('playbook' as const), more: common, timeout, with: given };
    plain.push({ weight: 2, arbitrary: fc.record(more) });
  }
  if (depth === 0) return fc.oneof(...plain);
  const maxConcurrency = seldom(fc.integer({ min: 1, max: 3 }));
  const fork = { more: common, maxConcurrency, converge: convergence(options) };
  const inner = fc.array(step(options, depth - 1), { minLength: 1, maxLength: 2, size: 'max' });
  const steps = fc.oneof({ weight: 9, arbitrary: inner }, { weight: 1, arbitrary: fc.constant([]) });
  const sibling = fc.record({
    rank: fc.nat(99),
    needs: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
    require: fc.constantFrom<Requirement | undefined>(undefined, undefined, 1, 2, { percent: 60 }),
    if: condition,
    steps,
  });
  const branches = fc.oneof(
    { weight: 9, arbitrary: fc.array(sibling, { minLength: 1, maxLength: 5, size: 'max' }) },
    { weight: 1, arbitrary: fc.constant([]) },
  );
  const items = fc.nat(4);
  const cases = fc.array(fc.record({ when: condition, steps: inner }), { minLength: 1, maxLength: 3, size: 'max' });
  const by = fc.constantFrom<'onFailure' | 'onUnmet'>('onFailure', 'onFailure', 'onUnmet');
  const nested = step(options, depth - 1);
  return fc.oneof(
    ...plain,
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('choose'), more: common, cases }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('answered'), step: nested, by, answer: inner }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('parallel'), ...fork, branches }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('map'), ...fork, items, steps }) },
  );
}

/** Random graphs: nested forks with random needs, conditions, exports that conflict, failures that may be survived. */
export function graphs(options: GraphOptions = anything, depth = 2): fc.Arbitrary<Graph> {
  return fc
    .record({
      steps: fc.array(step(options, depth), { minLength: 2, maxLength: 4, size: 'max' }),
      fallbackToSequential: fc.boolean(),
      output: seldom(fc.constantFrom<Json>('${{ context }}', '${{ context.k0 }}')),
      budget: options.timed ? budget : fc.constant(undefined),
    })
    .map(({ steps, fallbackToSequential, output, budget: given }) => {
      const build = builder();
      const more = defined({ output, budget: given });
      return asStored(graphOf(steps.map(build), { fallbackToSequential, ...more }));
    });
}

/** One fork of the given strategies whose branches are drawn like whole graphs. */
export function forks(options: GraphOptions): fc.Arbitrary<Graph> {
  return step(options, 2)
    .filter((draft) => draft.kind === 'parallel' && draft.branches.length > 1)
    .map((draft) => asStored(graphOf([{ ...builder()(draft), onFailure: 'fail' }])));
}

/** What is drawn has no prototypes; a stored graph has been text. */
const asStored = (graph: Graph): Graph => JSON.parse(JSON.stringify(graph)) as Graph;

function builder(): (draft: Draft) => Step {
  let ids = 0;
  const build = (draft: Draft): Step => {
    if (draft.kind === 'answered') {
      const { by } = draft;
      const built = build(draft.step);
      const answer = draft.answer.map(build);
      if (by === 'onFailure' || !('converge' in built)) return { ...built, onFailure: answer };
      return { ...built, converge: { ...built.converge, onUnmet: answer } };
    }
    if (draft.kind === 'undone') return { ...build(draft.step), compensate: draft.compensate.map(build) };
    const id = `s${ids++}`;
    const { if: condition, export: exports, onFailure } = draft.more;
    const shared = defined({ if: condition, export: exports, onFailure });
    switch (draft.kind) {
      case 'agent':
        return agent(id, draft.more);
      case 'set':
        return set(id, { [draft.key]: draft.value }, shared);
      case 'parallel': {
        const { branches, maxConcurrency } = draft;
        const built = branches.map((each, index) => {
          const needs = branches.flatMap((other, at) =>
            isBefore(other, at, each, index) && each.needs[at] === true ? [`b${at}`] : [],
          );
          const can = needs.length > 0 && (typeof each.require !== 'number' || each.require <= needs.length);
          const require = can ? each.require : undefined;
          return branch(`b${index}`, each.steps.map(build), defined({ needs, require, if: each.if }));
        });
        return parallel(id, built, { ...shared, ...defined({ maxConcurrency }), converge: draft.converge });
      }
      case 'map': {
        const { maxConcurrency, items } = draft;
        const over = Array.from({ length: items }, (_, index) => index * 10);
        const more = { ...shared, ...defined({ maxConcurrency }), converge: draft.converge, as: `item_${id}` };
        return map(id, over, draft.steps.map(build), more);
      }
      case 'choose':
        return choose(
          id,
          draft.cases.map((each) => when(each.when, each.steps.map(build))),
          shared,
        );
      case 'wait':
        return wait(id, draft.time, shared);
      case 'signal': {
        const { name, timeout } = draft;
        return signal(id, name, { ...shared, ...defined({ timeout }), schema: signals[name] });
      }
      case 'playbook':
        return child(id, 'other', { ...shared, ...defined({ timeout: draft.timeout }), with: draft.with });
      case 'fail':
        return fail(id, { message: 'it was to fail' }, shared);
    }
  };
  return build;
}

const isBefore = (a: DraftBranch, at: number, b: DraftBranch, index: number) =>
  a.rank < b.rank || (a.rank === b.rank && at < index);

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The fields that have a value: an optional field of a graph is absent, never undefined. */
function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
