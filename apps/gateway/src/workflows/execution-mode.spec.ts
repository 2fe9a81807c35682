import { describe, expect, it } from '@jest/globals';
import { type ExecutionMode, type Graph, type Json, type JsonObject, type Step, type Strategy } from '@braid/events';
import { Scenario } from '@braid/testing';
import { compilePlaybook } from '@braid/workflow';
import { nextObligation } from '@braid/workflow/decide';
import { narrowestMode } from './execution-mode';

const ask = (id: string): JsonObject => ({ id, agent: 'builtin.echo' });

/** A step of each kind, which stands between two agents in each branch of a fork. */
const kinds: { readonly [kind in Step['kind']]: JsonObject } = {
  agent: ask('middle'),
  parallel: { id: 'middle', parallel: { branches: { x: ask('x'), y: ask('y'), z: { ...ask('z'), needs: ['x'] } } } },
  map: { id: 'middle', map: { over: [1, 2, 3], steps: [ask('one'), ask('two')] } },
  set: { id: 'middle', set: { same: true } },
  choose: { id: 'middle', choose: [{ when: '1 > 2', steps: [ask('no')] }, { otherwise: [ask('yes')] }] },
  wait: { id: 'middle', wait: '5s' },
  signal: { id: 'middle', signal: { name: 'go', timeout: '1h' } },
  playbook: { id: 'middle', playbook: 'another' },
  fail: { id: 'middle', fail: { message: 'no' }, onFailure: [ask('instead')] },
};

type Told = {
  readonly converge: JsonObject;
  /** The part of the output that does not depend on the order of arrivals. */
  readonly same: (output: Json) => Json;
  /** What a sequential run comes to. */
  readonly inTurn: Json;
};

const of = (name: string) => ({ v: name.charCodeAt(0), name });
const everyone = { a: of('a'), b: of('b'), c: of('c') };
const whole = (output: Json) => output;

const strategies: { readonly [name in Strategy['name']]: Told } = {
  'all-must-complete': { converge: {}, same: whole, inTurn: everyone },
  'all-settled': { converge: { require: 2 }, same: whole, inTurn: everyone },
  'first-success': { converge: {}, same: () => null, inTurn: of('a') },
  quorum: {
    converge: { require: 2 },
    same: (output) => Object.keys(output as JsonObject).length,
    inTurn: { a: of('a'), b: of('b') },
  },
  'majority-vote': {
    converge: { by: '${{ output.v > 0 }}' },
    same: (output) => (output as JsonObject)['value'] ?? null,
    inTurn: { value: true, votes: [{ value: true, votes: 2, branches: ['a', 'b'] }], result: of('a') },
  },
  'best-of': { converge: { score: '${{ output.v }}' }, same: whole, inTurn: of('c') },
  reduce: {
    converge: { initial: '', with: '${{ accumulator }}${{ output.name }}' },
    same: whole,
    inTurn: 'abc',
  },
  judge: { converge: { agent: 'builtin.echo' }, same: whole, inTurn: 'the verdict' },
};

const types = ['sequential', 'parallel', 'mixed'] as const satisfies readonly Graph['executionType'][];
const ofRuns = [undefined, 'parallel', 'sequential'] as const satisfies readonly (ExecutionMode | undefined)[];
const configured = ['parallel', 'sequential'] as const satisfies readonly ExecutionMode[];

/** Every way of saying how a workflow is to run. */
const sayings = types.flatMap((type) => ofRuns.flatMap((run) => configured.map((config) => ({ type, run, config }))));

function graphOf(kind: JsonObject, strategy: string, { converge }: Told, executionType: string): Graph {
  const branches = ['a', 'b', 'c'].map((name) => [name, { steps: [ask('first'), kind, ask('last')] }]);
  const fork = {
    id: 'fork',
    parallel: { branches: Object.fromEntries(branches) },
    converge: { strategy, ...converge },
  };
  const compiled = compilePlaybook({ name: 'modes', executionType, steps: [fork] });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.graph;
}

/** Plays to the end; which of several open attempts ends first is said by `pick`. */
function play(graph: Graph, mode: ExecutionMode, pick: 'first' | 'last') {
  const s = Scenario.start(graph, { mode });
  let most = 0;
  while (s.workflow.status === 'running') {
    const { requested, delegated } = s;
    most = Math.max(most, requested.length + delegated.length);
    const place = pick === 'first' ? 0 : -1;
    const path = requested.at(place);
    const parent = delegated.at(place);
    const awaits = [...s.workflow.waiting].some(({ phase }) => phase.is === 'awaiting');
    const before = s.events.length;
    if (path !== undefined) s.complete(path, path === 'fork/judge' ? 'the verdict' : of(path.split('/')[1] ?? ''));
    else if (parent !== undefined)
      s.endChild(parent, { is: 'completed', output: null, cost: { attempts: 0, agentMs: 0, usage: {} } });
    else if (awaits) s.signal('go');
    else s.tick((nextObligation(s.workflow, new Map()) ?? s.now) - s.now);
    if (s.events.length === before) throw new Error('the workflow is stuck');
  }
  const { ending } = s.workflow;
  if (ending?.is !== 'completed') throw new Error(JSON.stringify(ending));
  return { most, output: ending.output };
}

const cases = Object.entries(kinds).flatMap(([kind, step]) =>
  Object.entries(strategies).map(([strategy, told]) => ({ kind, step, strategy, told })),
);

describe('how a workflow runs', () => {
  it('is sequential when playbook, run or configuration say so, and else parallel', () => {
    const found = sayings.map(({ type, run, config }) => [type, run, config, narrowestMode(config, run, type)]);
    const sequential = sayings.filter((saying) => Object.values(saying).includes('sequential'));
    expect(found.filter(([, , , mode]) => mode === 'sequential')).toEqual(
      sequential.map(({ type, run, config }) => [type, run, config, 'sequential']),
    );
    expect([found.length, sequential.length]).toEqual([18, 14]);
  });

  // Seen to fail with `||` made `&&` in narrowestMode, with the concurrency of sequential forks left open, and with a judge or
  // a nested fork begun beside others.
  it.each(cases)('with $kind in branches of $strategy', ({ step, strategy, told }) => {
    for (const { type, run, config } of sayings) {
      const mode = narrowestMode(config, run, type);
      const graph = graphOf(step, strategy, told, type);
      const runs = [play(graph, mode, 'first'), play(graph, mode, 'last')];
      const compared = mode === 'sequential' ? whole : told.same;
      const expected = compared(told.inTurn);
      expect(runs.map(({ most }) => (most === 1 ? 'sequential' : 'parallel'))).toEqual([mode, mode]);
      expect(runs.map(({ output }) => compared(output))).toEqual([expected, expected]);
    }
  });

  it.each(Object.entries(strategies))(
    'falls back to one at a time for lack of capacity, and comes to the same by %s',
    (strategy, told) => {
      const graph = { ...graphOf(ask('middle'), strategy, told, 'mixed'), fallbackToSequential: true };
      const noRetry = JSON.parse(
        JSON.stringify(graph).replaceAll('"maximumAttempts":3', '"maximumAttempts":1'),
      ) as Graph;
      const s = Scenario.start(noRetry);
      for (const path of s.requested) s.fail(path, { code: 'overloaded' });
      while (s.workflow.status === 'running') {
        expect(s.requested).toHaveLength(1);
        const path = s.requested[0] ?? '';
        s.complete(path, path === 'fork/judge' ? 'the verdict' : of(path.split('/')[1] ?? ''));
      }
      expect(s.workflow.ending).toEqual({ is: 'completed', output: told.inTurn });
      expect(s.ofType('BranchDeferred')).toHaveLength(3);
    },
  );
});
