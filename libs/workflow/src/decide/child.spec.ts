import { describe, expect, it } from '@jest/globals';
import { agent, branch, child, converge, graphOf, map, parallel, Scenario, set } from '@braid/testing';
import { type ChildEnd } from './commands';
import { nextObligation } from './tick';

const cost = { attempts: 3, agentMs: 40, usage: { tokens: 7, usd: 0.5 } };
const completed = (output: Extract<ChildEnd, { is: 'completed' }>['output']): ChildEnd => ({
  is: 'completed',
  output,
  cost,
});
const failed: ChildEnd = {
  is: 'failed',
  failure: { type: 'DiskFull', message: 'no room', code: 'agent-error', retryable: true },
  cost,
};
const failureOf = (s: Scenario) => {
  const { ending } = s.workflow;
  return ending?.is === 'failed' ? ending.failure : undefined;
};

describe('a playbook step', () => {
  const build = child('build', 'build@2', {
    with: { branch: '${{ variables.branch }}' },
    export: { app: '${{ output.file }}' },
  });

  it('starts a child with its variables and goes on with its output', () => {
    const s = Scenario.start(graphOf([build, agent('next', { with: '${{ context.app }}' })]), {
      variables: { branch: 'main' },
    });
    expect(s.phases()).toEqual({ root: 'delegated' });
    expect(s.ofType('ChildStarted')[0]?.data).toEqual({
      branch: 'root',
      step: 'build',
      attempt: 1,
      workflow: 'w1_1',
      playbook: 'build@2',
      variables: { branch: 'main' },
    });
    s.endChild('root', completed({ file: 'app.tgz' }));
    expect(s.ofType('BranchRequested')[0]?.data.input).toBe('app.tgz');
    expect(s.workflow.root.results).toMatchObject({ build: { status: 'completed', output: { file: 'app.tgz' } } });
  });

  it('adds what the child used to what the workflow used', () => {
    const s = Scenario.start(graphOf([child('a', 'x'), child('b', 'x', { onFailure: 'continue' })]));
    s.endChild('root', completed(1));
    s.endChild('root', failed);
    const { attempts, agentMs, usage } = s.workflow.cost;
    expect({ attempts, agentMs, usage: Object.fromEntries(usage) }).toEqual({
      attempts: 6,
      agentMs: 80,
      usage: { tokens: 14, usd: 1 },
    });
  });

  it('fails with the failure of its child as the cause', () => {
    const s = Scenario.start(graphOf([child('a', 'x')]));
    s.endChild('root', failed);
    expect(failureOf(s)).toMatchObject({
      code: 'child-failed',
      type: 'ChildFailedError',
      message: 'The child workflow w1_1 of x failed: no room',
      retryable: false,
      cause: { type: 'DiskFull', code: 'agent-error' },
      details: { workflow: 'w1_1', playbook: 'x' },
      step: 'a',
    });
  });

  it('fails when its child is cancelled by somebody else, or could not be started', () => {
    const cancelled = Scenario.start(graphOf([child('a', 'x')]));
    cancelled.endChild('root', { is: 'cancelled', reason: 'by hand', cost });
    expect(failureOf(cancelled)).toMatchObject({ code: 'child-failed', type: 'ChildCancelledError' });
    expect(failureOf(cancelled)?.message).toContain('by hand');
    const refused = Scenario.start(graphOf([child('a', 'x')]));
    const failure = {
      type: 'UnknownPlaybookError',
      message: 'none',
      code: 'unknown-playbook',
      retryable: false,
    } as const;
    refused.endChild('root', { is: 'refused', failure });
    expect(failureOf(refused)).toMatchObject(failure);
    expect(refused.workflow.cost.attempts).toBe(0);
  });

  it('leaves its failure to onFailure', () => {
    const s = Scenario.start(
      graphOf([child('a', 'x', { onFailure: [set('b', { code: '${{ steps.a.error.code }}' })] })]),
    );
    s.endChild('root', failed);
    expect(s.workflow.ending).toEqual({ is: 'completed', output: { code: 'child-failed' } });
  });

  it('fails when what it gives its child is no object', () => {
    const s = Scenario.start(graphOf([child('a', 'x', { with: '${{ context.list }}' })]), { context: { list: [1] } });
    expect(failureOf(s)).toMatchObject({ code: 'expression', type: 'NotAnObjectError' });
    expect(s.ofType('ChildStarted')).toEqual([]);
  });

  it('starts no child below the deepest level that is allowed', () => {
    const at = (depth: number) =>
      Scenario.start(graphOf([child('a', 'x')]), {
        parent: { workflow: 'w0', branch: 'root', step: 's', attempt: 1, depth },
      });
    expect(at(2).phases()).toEqual({ root: 'delegated' });
    expect(failureOf(at(3))).toMatchObject({ code: 'limit', type: 'TooDeepError' });
    expect(failureOf(at(3))?.message).toContain('BRAID_MAX_DEPTH allows 3');
  });

  it('gives its child up when its time has passed', () => {
    const s = Scenario.start(graphOf([child('a', 'x', { timeout: 500 })]));
    expect(nextObligation(s.workflow, new Map())).toBe(s.now + 500);
    const late = s.childOf('root');
    s.tick(499);
    expect(s.phases()).toEqual({ root: 'delegated' });
    s.tick(1);
    expect(s.ofType('ChildEnded')[0]?.data).toMatchObject({ workflow: 'w1_1', outcome: 'given-up' });
    expect(failureOf(s)).toMatchObject({ code: 'timeout', type: 'ChildTimeoutError' });
    expect(s.send({ type: 'child-ended', child: late, end: completed(1) })).toEqual({ is: 'stale' });
  });
});

describe('the end of a child', () => {
  it('counts once, and only for the attempt that is current', () => {
    const s = Scenario.start(graphOf([child('a', 'x'), child('b', 'x')]));
    const first = s.childOf('root');
    for (const wrong of [{ step: 'b' }, { attempt: 2 }, { workflow: 'w1_2' }, { branch: 'elsewhere' }]) {
      expect(s.send({ type: 'child-ended', child: { ...first, ...wrong }, end: completed(0) })).toEqual({
        is: 'stale',
      });
    }
    s.endChild('root', completed(1));
    expect(s.send({ type: 'child-ended', child: first, end: completed(2) })).toEqual({ is: 'stale' });
    expect(s.workflow.root.results).toMatchObject({ a: { output: 1 } });
    expect(s.phases()).toEqual({ root: 'delegated' });
  });

  it('is taken while the workflow is paused, and nothing follows until it is resumed', () => {
    const s = Scenario.start(graphOf([child('a', 'x'), agent('b')]));
    s.send({ type: 'pause' });
    s.endChild('root', completed(1));
    expect([s.requested, s.phases()]).toEqual([[], { root: 'active' }]);
    s.send({ type: 'resume' });
    expect(s.requested).toEqual(['root']);
  });
});

describe('children below forks', () => {
  const race = converge({ strategy: { name: 'first-success' }, losers: 'cancel' });

  it('that lose are named by the event that cancels them', () => {
    const s = Scenario.start(
      graphOf([map('m', [1, 2, 3], [child('c', 'x', { with: { n: '${{ item }}' } })], { converge: race })]),
    );
    expect(s.delegated).toEqual(['m/0', 'm/1', 'm/2']);
    s.endChild('m/1', completed('won'));
    expect(s.ofType('BranchCancelled').map(({ data }) => data.child)).toEqual(['w1_1', 'w1_3']);
    expect(s.workflow.ending).toEqual({ is: 'completed', output: 'won' });
  });

  it('are cancelled with the workflow, however deep they are', () => {
    const inner = parallel('g', [branch('y', [child('c', 'x')])]);
    const s = Scenario.start(graphOf([parallel('f', [branch('x', [inner]), branch('z', [child('d', 'x')])])]));
    s.send({ type: 'cancel' });
    const named = s.ofType('BranchCancelled').flatMap(({ data }) => data.child ?? []);
    expect(named.toSorted()).toEqual(['w1_1', 'w1_2']);
  });

  it('run one at a time in sequential mode', () => {
    const s = Scenario.start(graphOf([map('m', [1, 2], [child('c', 'x')])]), { mode: 'sequential' });
    expect(s.delegated).toEqual(['m/0']);
    s.endChild('m/0', completed(1));
    expect(s.delegated).toEqual(['m/1']);
  });
});

describe('a workflow with children that is tried again', () => {
  it('starts a new child where one failed, and keeps what completed', () => {
    const s = Scenario.start(
      graphOf([parallel('f', [branch('a', [child('c', 'x')]), branch('b', [child('d', 'x')])])]),
    );
    s.endChild('f/a', completed('kept'));
    s.endChild('f/b', failed);
    expect(s.workflow.status).toBe('failed');
    s.send({ type: 'retry' });
    expect(s.ofType('ChildStarted').map(({ data }) => [data.branch, data.attempt, data.workflow])).toEqual([
      ['f/a', 1, 'w1_1'],
      ['f/b', 1, 'w1_2'],
      ['f/b', 2, 'w1_3'],
    ]);
    s.endChild('f/b', completed('new'));
    expect(s.workflow.ending).toEqual({ is: 'completed', output: { a: 'kept', b: 'new' } });
  });
});

describe('a child', () => {
  const parent = { workflow: 'w0', branch: 'root', step: 's', attempt: 1, depth: 1 };
  const start = () =>
    Scenario.start(graphOf([agent('a', { retry: { ...agent('a').retry, maximumAttempts: 1 } })]), { parent });

  it('is held with its parent and goes on with it, unless somebody paused it by itself', () => {
    const held = start();
    held.send({ type: 'pause', withParent: true });
    expect(held.workflow).toMatchObject({ status: 'paused', heldByParent: true });
    held.send({ type: 'resume', withParent: true });
    expect(held.workflow).toMatchObject({ status: 'running', heldByParent: false });
    const paused = start();
    paused.send({ type: 'pause' });
    paused.send({ type: 'pause', withParent: true });
    expect(paused.send({ type: 'resume', withParent: true })).toMatchObject({ is: 'accepted', events: [] });
    expect(paused.workflow.status).toBe('paused');
  });

  it('is not tried again by itself', () => {
    const s = start();
    s.fail('root', { retryable: false });
    const decision = s.send({ type: 'retry' });
    expect(decision).toMatchObject({ is: 'rejected', rejection: { code: 'workflow.is-child' } });
  });
});
