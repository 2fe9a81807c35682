import { describe, expect, it } from '@jest/globals';
import {
  agent,
  branch,
  choose,
  converge,
  fail,
  graphOf,
  map,
  parallel,
  Scenario,
  set,
  signal,
  wait,
  when,
} from '@braid/testing';
import { nextObligation } from './tick';

const retry = {
  maximumAttempts: 2,
  initialInterval: 100,
  backoffCoefficient: 1,
  maximumInterval: 100,
  nonRetryableErrors: [],
};
const rejection = (decision: ReturnType<Scenario['send']>) =>
  decision.is === 'rejected' ? decision.rejection : undefined;
const failForGood = (s: Scenario, path: string) => s.fail(path, { retryable: false });
const asked = (s: Scenario) =>
  s.ofType('BranchRequested').map(({ data }) => `${data.branch} ${data.step} ${data.attempt}`);

describe('a paused workflow', () => {
  it('records what ends, starts nothing, and goes on where it stands when it is resumed', () => {
    const s = Scenario.start(
      graphOf([
        parallel('f', [branch('x', [agent('x1'), agent('x2')]), branch('y'), branch('z')], { maxConcurrency: 2 }),
        agent('last'),
      ]),
    );
    expect(s.send({ type: 'pause', reason: 'lunch', by: 'ann' }).is).toBe('accepted');
    expect(s.events.at(-1)).toMatchObject({ type: 'WorkflowPaused', data: { reason: 'lunch', by: 'ann' } });
    s.complete('f/x', 1);
    s.complete('f/y', 2);
    expect(s.workflow.status).toBe('paused');
    expect(s.requested).toEqual([]);
    expect(s.phases()).toMatchObject({ 'f/x': 'active', 'f/y': 'completed', 'f/z': 'pending' });
    s.send({ type: 'resume', by: 'ann' });
    expect(s.workflow.status).toBe('running');
    expect(s.requested).toEqual(['f/x', 'f/z']);
    s.complete('f/x', 3);
    s.complete('f/z', 4);
    s.complete('root', 'end');
    expect(s.workflow.ending).toEqual({ is: 'completed', output: 'end' });
  });

  // Seen to fail with the repeat of a pause, which a gateway sends while it has no receipt, pausing for good.
  it('takes a repeat of a pause, a resume or a retry for what it is, whatever has been asked for in between', () => {
    const s = Scenario.start(graphOf([agent('a', { retry: { ...retry, maximumAttempts: 1 } }), agent('b')]));
    const repeated = (type: 'pause' | 'resume' | 'retry', id: string) => {
      const before = s.events.length;
      expect(s.send({ type, id }).is).toBe('accepted');
      return s.events.length === before;
    };
    expect([repeated('pause', 'p1'), repeated('resume', 'r1')]).toEqual([false, false]);
    expect([repeated('pause', 'p1'), s.workflow.status]).toEqual([true, 'running']);
    expect([repeated('pause', 'p2'), s.workflow.status]).toEqual([false, 'paused']);
    expect([repeated('resume', 'r1'), s.workflow.status]).toEqual([true, 'paused']);
    repeated('resume', 'r2');
    failForGood(s, 'root');
    expect([s.workflow.status, repeated('retry', 't1'), s.workflow.status]).toEqual(['failed', false, 'running']);
    failForGood(s, 'root');
    expect([repeated('retry', 't1'), s.workflow.status]).toEqual([true, 'failed']);
    expect([repeated('retry', 't2'), s.workflow.status]).toEqual([false, 'running']);
  });

  it('lets time pass and acts on it when it is resumed', () => {
    const s = Scenario.start(
      graphOf([parallel('f', [branch('x', [agent('x', { retry })]), branch('y', [wait('w', 1000)])])]),
    );
    s.send({ type: 'pause' });
    s.fail('f/x');
    expect(nextObligation(s.workflow, new Map())).toBeUndefined();
    expect(s.tick(5000)).toMatchObject({ is: 'accepted', events: [] });
    s.send({ type: 'resume' });
    s.tick(0);
    expect(s.phases()).toMatchObject({ 'f/x': 'requested', 'f/y': 'completed' });
  });

  it('may converge, end, take signals and be cancelled', () => {
    const race = converge({ strategy: { name: 'first-success' }, losers: 'cancel' });
    const s = Scenario.start(
      graphOf([parallel('f', [branch('x'), branch('y')], { converge: race }), signal('g', 'go')]),
    );
    s.send({ type: 'pause' });
    s.complete('f/y', 1);
    expect(s.phases()).toEqual({ root: 'active', 'f/x': 'cancelled', 'f/y': 'completed' });
    expect(s.signal('go', 'kept').is).toBe('accepted');
    const cancelled = Scenario.start(graphOf([agent('a')]));
    cancelled.send({ type: 'pause' });
    expect(cancelled.send({ type: 'cancel' }).is).toBe('accepted');
    const over = Scenario.start(graphOf([agent('a')]));
    over.send({ type: 'pause' });
    over.complete('root', 1);
    expect(over.workflow.status).toBe('completed');
    s.send({ type: 'resume' });
    expect(s.workflow.ending).toEqual({ is: 'completed', output: 'kept' });
  });

  it('is paused and resumed once, and not after its end', () => {
    const s = Scenario.start(graphOf([agent('a')]));
    expect(s.send({ type: 'resume' })).toMatchObject({ is: 'accepted', events: [] });
    s.send({ type: 'pause' });
    expect(s.send({ type: 'pause' })).toMatchObject({ is: 'accepted', events: [] });
    s.complete('root');
    expect(rejection(s.send({ type: 'resume' }))?.code).toBe('workflow.closed');
    expect(rejection(s.send({ type: 'pause' }))?.code).toBe('workflow.closed');
  });
});

describe('a failed workflow that is tried again', () => {
  it('goes on at the step that failed, with attempts that count on and a fresh policy', () => {
    const s = Scenario.start(graphOf([agent('a'), agent('b', { retry })]));
    s.complete('root', 1);
    s.fail('root');
    s.tick(100);
    s.fail('root');
    expect(s.workflow.status).toBe('failed');
    expect(s.send({ type: 'retry', by: 'ann' }).is).toBe('accepted');
    expect(s.ofType('WorkflowRetried')[0]?.data).toEqual({ branches: ['root'], by: 'ann' });
    expect(s.workflow).toMatchObject({ status: 'running', ending: undefined, endedAt: undefined, retries: 1 });
    s.fail('root');
    s.tick(100);
    expect(asked(s)).toEqual(['root a 1', 'root b 1', 'root b 2', 'root b 3', 'root b 4']);
    s.complete('root', 'done');
    expect(s.workflow.ending).toEqual({ is: 'completed', output: 'done' });
  });

  it('opens what failed, what was cancelled, and what was skipped for want of it; and keeps what completed', () => {
    const race = converge({ losers: 'cancel' });
    const s = Scenario.start(
      graphOf([
        parallel(
          'f',
          [
            branch('done'),
            branch('bad', [agent('b1'), agent('b2')]),
            branch('slow', [agent('s', { with: '${{ context }}' })]),
            branch('after', [agent('af', { with: '${{ needs.bad.output }}' })], { needs: ['bad'] }),
            branch('never', [agent('n')], { if: 'variables.no' }),
            branch('nor', [agent('m')], { needs: ['never'] }),
          ],
          { converge: race },
        ),
      ]),
      { variables: { no: false } },
    );
    s.complete('f/done', 1);
    s.complete('f/bad', 2);
    failForGood(s, 'f/bad');
    expect(s.workflow.status).toBe('failed');
    s.send({ type: 'retry' });
    expect(s.ofType('WorkflowRetried')[0]?.data.branches).toEqual(['f/bad']);
    expect(s.ofType('ForkReopened')[0]?.data).toEqual({
      ...{ branch: 'root', step: 'f', failed: ['bad'], cancelled: ['slow'], skipped: ['after'] },
    });
    expect(asked(s).slice(-2)).toEqual(['f/bad b2 2', 'f/slow s 2']);
    s.complete('f/bad', 3);
    s.complete('f/slow', 4);
    s.complete('f/after', 5);
    expect(s.workflow.ending).toEqual({ is: 'completed', output: { done: 1, bad: 3, slow: 4, after: 5 } });
    expect(s.ofType('ConvergenceReached').map(({ data }) => data.outcome)).toEqual(['unreachable', 'met']);
  });

  it('reaches down to forks in forks, and keeps to the limit of branches at once', () => {
    const inner = (name: string) => branch(name, [parallel('g', [branch('x'), branch('y')], { maxConcurrency: 1 })]);
    const s = Scenario.start(graphOf([parallel('f', [inner('a'), inner('b')])]), { mode: 'sequential' });
    for (const path of ['f/a/g/x', 'f/a/g/y', 'f/b/g/x']) failForGood(s, path);
    s.complete('f/b/g/y', 'kept');
    s.send({ type: 'retry' });
    expect(s.ofType('WorkflowRetried')[0]?.data.branches).toEqual(['f/a/g/x', 'f/a/g/y', 'f/b/g/x']);
    for (const path of ['f/a/g/x', 'f/a/g/y', 'f/b/g/x']) {
      expect(s.requested).toEqual([path]);
      s.complete(path, path);
    }
    expect(s.workflow.ending).toEqual({
      is: 'completed',
      output: { a: { x: 'f/a/g/x', y: 'f/a/g/y' }, b: { x: 'f/b/g/x', y: 'kept' } },
    });
  });

  it('gives a fork its time anew, and asks the condition of no branch twice', () => {
    const steps = [agent('one', { export: { n: 1 } }), agent('two')];
    const s = Scenario.start(
      graphOf([
        parallel('f', [branch('x', steps, { if: "!('n' in context)" })], { converge: converge({ deadline: 1000 }) }),
      ]),
    );
    s.complete('f/x');
    s.tick(1000);
    expect(s.workflow.status).toBe('failed');
    s.now += 5000;
    s.send({ type: 'retry' });
    expect(nextObligation(s.workflow, new Map())).toBe(s.now + 1000);
    s.complete('f/x', 2);
    expect(s.workflow.status).toBe('completed');
  });

  it('does not ask again for a branch of a fork that was met and whose losers were cancelled from above', () => {
    const drained = parallel('g', [branch('x'), branch('y')], {
      converge: converge({ strategy: { name: 'first-success' }, losers: 'drain' }),
    });
    const s = Scenario.start(
      graphOf([
        parallel('f', [branch('a', [drained, agent('z')]), branch('bad')], {
          converge: converge({ losers: 'cancel' }),
        }),
      ]),
    );
    s.complete('f/a/g/x', 'won');
    failForGood(s, 'f/bad');
    s.send({ type: 'retry' });
    expect(asked(s).slice(-2)).toEqual(['f/a z 1', 'f/bad bad 2']);
    expect(s.workflow.branches.get('f/a')?.results['g']).toMatchObject({ output: 'won' });
  });

  it('goes on inside of a choice, and in the steps that answer a failure', () => {
    const s = Scenario.start(
      graphOf([
        choose('c', [
          when(undefined, [agent('a', { onFailure: [agent('b')] }), set('s', { got: '${{ steps.a.output }}' })]),
        ]),
      ]),
    );
    failForGood(s, 'root');
    failForGood(s, 'root');
    s.send({ type: 'retry' });
    expect(asked(s)).toEqual(['root a 1', 'root b 1', 'root b 2']);
    s.complete('root', 'plan B');
    expect(s.workflow.ending).toEqual({ is: 'completed', output: { got: 'plan B' } });
  });

  it('may fail again, and be tried again', () => {
    const s = Scenario.start(graphOf([map('m', [1, 2], [agent('a')])]));
    for (const round of [1, 2, 3]) {
      for (const path of s.requested) failForGood(s, path);
      expect(s.workflow).toMatchObject({ status: 'failed', retries: round - 1 });
      s.send({ type: 'retry' });
    }
    expect(asked(s).slice(-2)).toEqual(['m/0 a 4', 'm/1 a 4']);
  });

  it('is tried once however often it is asked for, and only when a branch of it has failed', () => {
    const s = Scenario.start(graphOf([agent('a')]));
    expect(rejection(s.send({ type: 'retry' }))).toMatchObject({
      code: 'workflow.not-failed',
      message: expect.stringContaining('running'),
    });
    failForGood(s, 'root');
    s.send({ type: 'retry' });
    expect(s.send({ type: 'retry' })).toMatchObject({ is: 'accepted', events: [] });
    s.complete('root');
    expect(rejection(s.send({ type: 'retry' }))?.message).toContain('completed');
    const noOutput = Scenario.start(graphOf([set('s', { a: 1 })], { output: '${{ context.b.c }}' }));
    expect(rejection(noOutput.send({ type: 'retry' }))?.message).toContain('output');
    const always = Scenario.start(graphOf([fail('x', { message: 'no' })]));
    always.send({ type: 'retry' });
    expect(always.workflow).toMatchObject({ status: 'failed', retries: 1 });
  });
});
