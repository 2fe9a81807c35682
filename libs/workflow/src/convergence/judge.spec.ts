import { describe, expect, it } from '@jest/globals';
import { type AgentStep, type Convergence, type Requirement } from '@braid/events';
import { difference } from '@braid/history';
import { agent, branch, converge, graphOf, map, parallel, Scenario } from '@braid/testing';
import { fold, previewConvergence, restoreSnapshot, takeSnapshot, type WorkflowSnapshot } from '@braid/workflow';

const judging = (judge: Partial<AgentStep> = {}, more: Partial<Convergence> & { require?: Requirement } = {}) => {
  const { require, ...rest } = more;
  const step = agent('judge', { agent: 'critic', with: '${{ outputs }}', ...judge });
  return converge({ strategy: { name: 'judge', ...(require !== undefined && { require }), judge: step }, ...rest });
};

const drafts = ['a', 'b', 'c'].map((name) => branch(name, [agent(name, { export: { [name]: '${{ output }}' } })]));

const start = (settings: Convergence, more: Parameters<typeof Scenario.start>[1] = {}) =>
  Scenario.start(graphOf([parallel('f', drafts, { converge: settings })]), more);

const decisionOf = (s: Scenario) => s.ofType('ConvergenceReached').at(-1)?.data;
const asked = (s: Scenario) => s.ofType('BranchRequested').filter(({ data }) => data.branch === 'f/judge');

describe('judge', () => {
  it('is asked about all outputs when every branch has ended, and its answer is the output', () => {
    const s = start(judging());
    s.complete('f/c', 3);
    s.complete('f/a', 1);
    expect(s.phases()['f/judge']).toBe('pending');
    s.fail('f/b', { retryable: false });
    expect(asked(s)).toMatchObject([{ data: { agent: 'critic', step: 'judge', attempt: 1, input: { a: 1, c: 3 } } }]);
    s.complete('f/judge', { best: 'c' });
    expect(decisionOf(s)).toMatchObject({
      strategy: 'judge',
      outcome: 'met',
      reason: 'critic judged: of 3 branches, 2 completed',
      counted: ['a', 'c'],
      dissented: ['b'],
      decidedBy: 'judge',
      tally: { total: 3, completed: 2, failed: 1, open: 0 },
    });
    expect(s.workflow.ending).toEqual({ is: 'completed', output: { best: 'c' } });
    expect(s.workflow.root.context).toEqual({ a: 1, c: 3 });
  });

  it('gets the outputs of a map as a list, and sees what the fork sees', () => {
    const settings = judging({
      with: { drafts: '${{ outputs }}', for: '${{ variables.reader }}', by: '${{ branch.name }}' },
    });
    const s = Scenario.start(graphOf([map('m', [1, 2, 3], [agent('x')], { converge: settings })]), {
      variables: { reader: 'Ada' },
    });
    s.complete('m/2', 'third');
    s.fail('m/0', { retryable: false });
    s.complete('m/1', 'second');
    const [request] = s.ofType('BranchRequested').filter(({ data }) => data.branch === 'm/judge');
    expect(request?.data.input).toEqual({ drafts: ['second', 'third'], for: 'Ada', by: 'judge' });
  });

  it('is passed over as soon as too few can complete', () => {
    const s = start(judging({}, { require: 2, losers: 'cancel' }));
    s.fail('f/a', { retryable: false });
    s.fail('f/b', { retryable: false });
    expect(s.phases()).toMatchObject({ 'f/c': 'cancelled', 'f/judge': 'skipped' });
    expect(decisionOf(s)).toMatchObject({
      outcome: 'unreachable',
      reason: 'at least 2 must complete, and at most 1 can: 0 of 3 completed',
      cancelled: ['c'],
    });
    expect(asked(s)).toEqual([]);
  });

  it('whose failure is the failure of the fork', () => {
    const s = start(judging());
    for (const name of ['a', 'b', 'c']) s.complete(`f/${name}`, name);
    s.fail('f/judge', { retryable: false, message: 'no taste' });
    expect(decisionOf(s)).toMatchObject({
      outcome: 'unreachable',
      reason: 'the judge critic failed: no taste; of 3 branches, 3 completed',
      failure: { code: 'convergence-unmet', cause: { message: 'no taste', agent: 'critic', branch: 'f/judge' } },
    });
    expect(s.workflow.status).toBe('failed');
  });

  it('is asked at the deadline about what is there; the deadline is none of its own', () => {
    const s = start(judging({}, { deadline: 1000 }));
    s.complete('f/b', 2);
    s.tick(1000);
    expect(s.phases()).toMatchObject({ 'f/a': 'cancelled', 'f/b': 'completed', 'f/c': 'cancelled' });
    expect(s.ofType('BranchCancelled').map(({ data }) => data.reason)).toEqual(['deadline', 'deadline']);
    expect(asked(s)).toMatchObject([{ data: { input: { b: 2 } } }]);
    s.tick(5000);
    s.complete('f/judge', 'b it is');
    expect(s.workflow.ending).toEqual({ is: 'completed', output: 'b it is' });
  });

  it('is not asked when at the deadline too few have completed', () => {
    const s = start(judging({}, { deadline: 1000 }));
    s.tick(1000);
    expect(decisionOf(s)).toMatchObject({
      outcome: 'unreachable',
      reason: 'at least 1 must complete, and at the deadline 0 of 3 completed',
    });
    expect(s.workflow.status).toBe('failed');
  });

  it('is asked by a paused workflow when that is resumed', () => {
    const s = start(judging({}, { deadline: 1000 }));
    s.send({ type: 'pause' });
    for (const name of ['a', 'b', 'c']) s.complete(`f/${name}`, name);
    expect(asked(s)).toEqual([]);
    s.now += 5000;
    s.send({ type: 'resume' });
    expect(asked(s)).toHaveLength(1);
  });

  it('works alone in sequential mode, and is cancelled with what it belongs to', () => {
    const s = start(judging(), { mode: 'sequential' });
    for (const name of ['a', 'b', 'c']) {
      expect(s.requested).toEqual([`f/${name}`]);
      s.complete(`f/${name}`, name);
    }
    expect(s.requested).toEqual(['f/judge']);
    s.send({ type: 'cancel' });
    expect(s.phases()['f/judge']).toBe('cancelled');
    expect(s.ofType('BranchCancelled')).toMatchObject([{ data: { branch: 'f/judge', attempt: 1 } }, {}]);
  });

  it('fails with an expression that cannot be evaluated, and is never deferred', () => {
    const s = start(judging({ with: '${{ outputs.nobody }}' }));
    for (const name of ['a', 'b', 'c']) s.complete(`f/${name}`, name);
    expect(decisionOf(s)).toMatchObject({ outcome: 'unreachable', failure: { cause: { code: 'expression' } } });

    const busy = Scenario.start(
      graphOf([parallel('f', drafts, { converge: judging() })], { fallbackToSequential: true }),
    );
    for (const name of ['a', 'b', 'c']) busy.complete(`f/${name}`, name);
    busy.fail('f/judge', { code: 'overloaded' });
    expect(busy.workflow.status).toBe('failed');
  });

  // Seen to fail with the judge left at the end of its sequence: it was never asked again.
  it('is asked again although it has answered, when the fork was unmet in spite of that', () => {
    const exporting = ['a', 'b', 'c'].map((name) => branch(name, [agent(name, { export: { best: '${{ output }}' } })]));
    const s = Scenario.start(graphOf([parallel('f', exporting, { converge: judging() })]));
    s.complete('f/a', 1);
    s.complete('f/b', 2);
    s.fail('f/c', { retryable: false });
    s.complete('f/judge', 'b it is');
    expect(decisionOf(s)).toMatchObject({ outcome: 'unreachable', failure: { code: 'context-conflict' } });
    s.send({ type: 'retry' });
    s.complete('f/c', 3);
    expect(asked(s).at(-1)?.data).toMatchObject({ attempt: 2, input: { a: 1, b: 2, c: 3 } });
  });

  it('is asked again when the workflow is tried again, about what completed by then', () => {
    const s = start(judging({}, { onConflict: 'error' }));
    s.complete('f/a', 1);
    s.complete('f/b', 2);
    s.fail('f/c', { retryable: false });
    s.fail('f/judge', { retryable: false });
    s.send({ type: 'retry' });
    expect(s.ofType('WorkflowRetried')[0]?.data.branches).toEqual(['f/judge']);
    expect(s.ofType('ForkReopened')[0]?.data).toMatchObject({ failed: ['c'], judge: true });
    s.complete('f/c', 3);
    expect(asked(s).at(-1)?.data).toMatchObject({ attempt: 2, input: { a: 1, b: 2, c: 3 } });
    s.complete('f/judge', 'done');
    expect(s.workflow.ending).toEqual({ is: 'completed', output: 'done' });
  });

  it('stands in snapshots', () => {
    const s = start(judging());
    for (const name of ['a', 'b', 'c']) s.complete(`f/${name}`, name);
    const { version } = s.workflow;
    const restored = restoreSnapshot(JSON.parse(JSON.stringify(takeSnapshot(s.workflow))) as WorkflowSnapshot);
    s.complete('f/judge', 'done');
    expect(difference(fold(s.events.slice(version), restored), s.workflow)).toBeUndefined();
  });
});

describe('what-if with a judge', () => {
  const judged = (converge: Convergence) => {
    const s = start(converge);
    for (const name of ['a', 'b', 'c']) s.complete(`f/${name}`, name);
    if (s.requested.includes('f/judge')) s.complete('f/judge', 'b it is');
    return previewConvergence(s.workflow, 'f', judging());
  };

  it('gives the answer on record of the same judge', () => {
    expect(judged(judging())).toMatchObject({ outcome: 'met', decidedBy: 'judge', output: 'b it is' });
  });

  it('says that a judge who was not asked would have to be', () => {
    const undecided = {
      outcome: 'undecided',
      reason: '3 of 3 completed, and what the judge critic says of that is not on record: it would have to be asked',
    };
    expect(judged(converge())).toMatchObject(undecided);
    expect(judged(judging({ agent: 'other' }))).toMatchObject(undecided);
    expect(judged(judging({ with: { all: '${{ outputs }}' } }))).toMatchObject(undecided);
  });

  it('knows when too few would have completed for a judge', () => {
    const s = start(converge({ onUnmet: 'continue' }));
    for (const name of ['a', 'b', 'c']) s.fail(`f/${name}`, { retryable: false });
    expect(previewConvergence(s.workflow, 'f', judging())).toMatchObject({ outcome: 'unreachable', decidedBy: 'c' });
  });
});
