import { describe, expect, it } from '@jest/globals';
import { type Json, type StoredEvent } from '@braid/events';
import { type World } from './expectation';
import { expectations } from './expectations';
import { digestOf, type Entry } from './ledger';
import { type Start } from './load';
import { type Kind } from './words';

type Fact = readonly [type: string, data?: { readonly [field: string]: Json }];

const historyOf = (id: string, facts: readonly Fact[]) =>
  facts.map(([type, data = {}], index) => ({ type, data, workflow: id, version: index + 1 }) as unknown as StoredEvent);
const agent = (id: string, more: { readonly [field: string]: Json } = {}) => ({
  kind: 'agent',
  id,
  agent: 'http',
  ...more,
});
const began = (steps: readonly Json[], more: { readonly [field: string]: Json } = {}): Fact => [
  'WorkflowStarted',
  { graph: { steps }, ...more },
];
const asked = (branch: string, step: string, input: Json = null): Fact => [
  'BranchRequested',
  { branch, step, attempt: 1, input },
];
const did = (branch: string, step: string, output: Json = null, run: { readonly [field: string]: Json } = {}): Fact => [
  'BranchCompleted',
  { branch, step, output, run },
];
const went = (branch: string, step: string, output: Json = null): Fact => [
  'BranchAdvanced',
  { branch, step, output, run: {} },
];
const over: Fact = ['WorkflowCompleted', { output: null }];
const failed: Fact = ['WorkflowFailed', { failure: { message: 'x' } }];

const kindOf = (more: Partial<Kind>): Kind => ({ name: 'k', weight: 1, steps: [], ...more });
const entry = (more: Partial<Entry>): Entry => ({ places: new Set(), requests: 1, done: 1, ...more });

type Case = {
  readonly others?: { readonly [id: string]: readonly Fact[] };
  readonly start?: Partial<Start>;
  readonly entries?: { readonly [key: string]: Entry };
};

function judge(line: string, facts: readonly Fact[], { others = {}, start, entries = {} }: Case = {}) {
  const history = historyOf('w', facts);
  const more = Object.entries(others).map(([id, other]) => [id, historyOf(id, other)] as const);
  const world: World = {
    histories: new Map([['w', history], ...more]),
    entries: new Map(Object.entries(entries)),
    startOf: (id) => (id === 'w' && start ? { number: 0, kind: kindOf({}), id, told: [], ...start } : undefined),
  };
  return expectations[line]?.('w', history, world);
}

/** Each line of good facts and of bad ones, by the name of the expectation that tells them apart. */
const compensated = [agent('a', { compensate: [agent('ua')] }), agent('b', { compensate: [agent('ub')] })];
const undoing = (...steps: readonly string[]): readonly Fact[] =>
  steps.flatMap((step) => [asked(`${step}:compensate`, `u${step}`), did(`${step}:compensate`, `u${step}`)]);
const both: readonly Fact[] = [began(compensated), went('root', 'a'), went('root', 'b'), ['CompensationStarted']];

const child = { branch: 'root', step: 'c', attempt: 1, workflow: 'w_1' };
const parentOf = (facts: readonly Fact[]): readonly Fact[] => [began([]), ['ChildStarted', child], ...facts];
const childOf = (step: string, ...end: readonly Fact[]): readonly Fact[] => [
  began([], { parent: { workflow: 'w', branch: 'root', step, attempt: 1, depth: 1 } }),
  ...end,
];
const ended = (outcome: string): Fact => ['ChildEnded', { ...child, outcome }];

const judged = [
  { kind: 'parallel', id: 'f', branches: [], converge: { strategy: { name: 'judge', judge: agent('judge') } } },
];
const decision = (value: Json): Fact => [
  'ConvergenceReached',
  { step: 'f', outcome: 'met', output: { shape: 'value', value } },
];

const tokens = (amount: number) => ({ usage: { tokens: amount } });
const poor = began([agent('e', { cost: { tokens: 10 } })], { budget: { tokens: 20 } });
const refused: Fact = ['BranchFailed', { branch: 'm/9', step: 'e', failure: { code: 'budget' } }];

const signals: Partial<Start> = { told: ['signal', 'signal'] };
const signal = (id: string): Fact => ['SignalReceived', { id, name: 'go' }];
const text = (value: string): Json => ({ body: { text: value } });
const large = { 'w/root/a': entry({ gave: digestOf('big') }), 'w/root/b': entry({ got: digestOf('big') }) };

const good: readonly (readonly [string, readonly Fact[], Case?])[] = [
  ['undone otherwise than in reverse', [...both, ...undoing('b', 'a'), failed]],
  ['undone otherwise than in reverse', [began(compensated), went('root', 'a'), over]],
  [
    'children that differ from their parents',
    parentOf([ended('completed'), went('root', 'c', 7)]),
    { others: { w_1: childOf('c', ['WorkflowCompleted', { output: 7 }]) } },
  ],
  ['children that differ from their parents', parentOf([['BranchCancelled', { branch: 'root', child: 'w_1' }]])],
  [
    'judges not asked once, after all',
    [began(judged), did('f/a', 's'), asked('f/judge', 'judge'), did('f/judge', 'judge', 5), decision(5)],
  ],
  [
    'budgets exceeded, or not felt',
    [poor, asked('m/1', 'e'), did('m/1', 'e', null, tokens(10)), asked('m/2', 'e'), refused],
  ],
  [
    'large values that differ',
    [went('root', 'a', text('big')), asked('root', 'b', { body: 'big' })],
    { entries: large },
  ],
  [
    'signals counted twice, or not',
    [signal('1'), went('root', 'gate1', { n: 1 }), signal('2'), went('root', 'gate2', { n: 2 })],
    { start: signals },
  ],
  ['started while paused', [['WorkflowPaused'], went('root', 'a'), ['WorkflowResumed'], asked('root', 'b')]],
  ['completed steps asked for again', [asked('root', 'a'), went('root', 'a'), asked('root', 'b')]],
  ['retries that went on otherwise', [failed, ['WorkflowRetried'], over], { start: { told: ['retry'] } }],
  ['ended otherwise than its kind', [over], { start: { kind: kindOf({ ends: 'completed' }) } }],
];

const bad: readonly (readonly [string, string, readonly Fact[], Case?])[] = [
  ['the first step undone first', 'undone otherwise than in reverse', [...both, ...undoing('a', 'b'), failed]],
  ['one step not undone', 'undone otherwise than in reverse', [...both, ...undoing('b'), failed]],
  ['a step undone twice', 'undone otherwise than in reverse', [...both, ...undoing('b', 'a', 'c'), failed]],
  ['nothing undone', 'undone otherwise than in reverse', [began(compensated), went('root', 'a'), failed]],
  [
    'two undone at once',
    'undone otherwise than in reverse',
    [...both, asked('b:compensate', 'ub'), ...undoing('a'), did('b:compensate', 'ub'), failed],
  ],
  [
    'one whose undoing has no end',
    'undone otherwise than in reverse',
    [...both, ...undoing('b'), asked('a:compensate', 'ua'), failed],
  ],
  ['a child that nobody waited for', 'children that differ from their parents', parentOf([])],
  [
    'a child whose end came twice',
    'children that differ from their parents',
    parentOf([ended('given-up'), ended('given-up')]),
  ],
  ['a child that is nowhere', 'children that differ from their parents', parentOf([ended('failed')])],
  [
    'a child that ended otherwise',
    'children that differ from their parents',
    parentOf([ended('failed')]),
    { others: { w_1: childOf('c', over) } },
  ],
  [
    'a child that goes on though it was left',
    'children that differ from their parents',
    parentOf([['BranchCancelled', { branch: 'root', child: 'w_1' }]]),
    { others: { w_1: childOf('c', asked('root', 'a')) } },
  ],
  [
    'a child of another step',
    'children that differ from their parents',
    parentOf([ended('failed')]),
    { others: { w_1: childOf('d', failed) } },
  ],
  [
    'an output that is not that of the child',
    'children that differ from their parents',
    parentOf([ended('completed'), went('root', 'c', 8)]),
    { others: { w_1: childOf('c', ['WorkflowCompleted', { output: 7 }]) } },
  ],
  [
    'a child that no parent asked for',
    'children that differ from their parents',
    [began([], { parent: { workflow: 'p', branch: 'root', step: 'c', attempt: 1, depth: 1 } }), over],
    { others: { p: [began([]), over] } },
  ],
  [
    'a judge who was asked too early',
    'judges not asked once, after all',
    [began(judged), asked('f/judge', 'judge'), did('f/a', 's'), did('f/judge', 'judge', 5), decision(5)],
  ],
  ['a judge who was not asked', 'judges not asked once, after all', [began(judged), did('f/a', 's'), decision(5)]],
  [
    'a judge who was not heard',
    'judges not asked once, after all',
    [began(judged), asked('f/judge', 'judge'), did('f/judge', 'judge', 5), decision(6)],
  ],
  [
    'a fork that was decided twice',
    'judges not asked once, after all',
    [began(judged), asked('f/judge', 'judge'), did('f/judge', 'judge', 5), decision(5), decision(5)],
  ],
  [
    'an attempt too many',
    'budgets exceeded, or not felt',
    [poor, asked('m/1', 'e'), asked('m/2', 'e'), asked('m/3', 'e'), refused],
  ],
  [
    'what was used and forgotten',
    'budgets exceeded, or not felt',
    [poor, asked('m/1', 'e'), did('m/1', 'e', null, tokens(15)), asked('m/2', 'e'), refused],
  ],
  ['a budget that stopped nothing', 'budgets exceeded, or not felt', [poor, asked('m/1', 'e')]],
  ['an answer that was changed', 'large values that differ', [went('root', 'a', text('bug'))], { entries: large }],
  ['an answer that was lost', 'large values that differ', [went('root', 'a', null)], { entries: large }],
  ['a request that was changed', 'large values that differ', [asked('root', 'b', { body: 'bug' })], { entries: large }],
  [
    'a signal counted twice',
    'signals counted twice, or not',
    [signal('1'), signal('1')],
    { start: { told: ['signal'] } },
  ],
  ['a signal that was lost', 'signals counted twice, or not', [signal('1')], { start: signals }],
  [
    'a signal that went to another step',
    'signals counted twice, or not',
    [signal('1'), signal('2'), went('root', 'gate1', { n: 2 })],
    { start: signals },
  ],
  ['a step that began in a pause', 'started while paused', [['WorkflowPaused'], asked('root', 'b')]],
  [
    'a step that was done and is done again',
    'completed steps asked for again',
    [asked('root', 'a'), went('root', 'a'), asked('root', 'a')],
  ],
  ['a retry that was lost', 'retries that went on otherwise', [failed], { start: { told: ['retry'] } }],
  [
    'a retry that counted twice',
    'retries that went on otherwise',
    [failed, ['WorkflowRetried'], failed, ['WorkflowRetried'], over],
    { start: { told: ['retry'] } },
  ],
  ['another end', 'ended otherwise than its kind', [failed], { start: { kind: kindOf({ ends: 'completed' }) } }],
];

describe('The expectations of a run', () => {
  it.each(good)('have nothing against what is right: %s', (line, facts, given = {}) => {
    expect(judge(line, facts, given)).toEqual([]);
  });

  it.each(bad)('see %s', (_case, line, facts, given = {}) => {
    expect(judge(line, facts, given)).not.toHaveLength(0);
    expect(judge(line, facts, given)).toBeDefined();
  });

  it('have a good and a bad history each, and say nothing of workflows that they are not about', () => {
    const lines = Object.keys(expectations);
    expect([...new Set(good.map(([line]) => line))].toSorted()).toEqual(lines.toSorted());
    expect([...new Set(bad.map(([, line]) => line))].toSorted()).toEqual(lines.toSorted());
    const silent = lines.filter((line) => judge(line, [began([agent('a')]), over]) === undefined);
    expect(silent).toEqual(lines.filter((line) => line !== 'completed steps asked for again'));
  });
});
