import { describe, expect, it } from '@jest/globals';
import { type Convergence } from '@braid/events';
import { agent, branch, converge, graphOf, map, parallel, Scenario } from '@braid/testing';
import { takeSnapshot } from '../snapshot';
import { type Workflow } from '../state';

const race = (more: Partial<Convergence> = {}) =>
  converge({ strategy: { name: 'first-success' }, losers: 'detach', ...more });

const cancelled = (s: Scenario) => s.ofType('BranchCancelled').map(({ data }) => [data.branch, data.reason]);

describe('detached losers', () => {
  const fork = parallel('f', [branch('a'), branch('b', [agent('b1'), agent('b2')]), branch('c')], {
    maxConcurrency: 2,
    converge: race(),
    export: { won: '${{ output }}' },
  });

  it('end on their own while the parent goes on, and their reports are recorded', () => {
    const s = Scenario.start(graphOf([fork, agent('next', { with: '${{ context.won }}' }), agent('last')]));
    s.complete('f/a', 'first');
    expect(s.ofType('ConvergenceReached')[0]?.data).toMatchObject({
      cancelled: ['c'],
      saved: { cancelled: 0, neverStarted: 1 },
    });
    expect(s.phases()).toEqual({ root: 'requested', 'f/a': 'completed', 'f/b': 'requested', 'f/c': 'cancelled' });
    expect(s.ofType('BranchRequested').at(-1)?.data).toMatchObject({ branch: 'root', input: 'first' });
    s.complete('f/b', 1);
    expect(s.requested).toEqual(['root', 'f/b']);
    s.complete('root', 'next');
    s.complete('f/b', 2);
    expect(s.workflow.branches.get('f/b')).toMatchObject({ phase: { is: 'completed' }, output: 2 });
    expect(s.ofType('ConvergenceReached')).toHaveLength(1);
    expect(s.phases()['root']).toBe('requested');
    s.complete('root', 'last');
    expect(s.workflow.ending).toEqual({ is: 'completed', output: 'last' });
    const again = s.refolded() as Workflow;
    expect(JSON.stringify(takeSnapshot(again))).toBe(JSON.stringify(takeSnapshot(s.workflow)));
  });

  it('are cancelled by the end of the workflow, and reports after that are stale', () => {
    const s = Scenario.start(graphOf([fork]));
    s.complete('f/a', 'first');
    expect(s.workflow.ending).toEqual({ is: 'completed', output: 'first' });
    expect(cancelled(s)).toEqual([
      ['f/c', 'converged'],
      ['f/b', 'workflow-completed'],
    ]);
    expect(s.events.at(-1)?.type).toBe('WorkflowCompleted');
    expect(s.complete('f/b', 'late').is).toBe('stale');
  });

  it('are cancelled with the workflow, also below a branch that has ended', () => {
    const inner = parallel('g', [branch('x'), branch('y')], { converge: race() });
    const graph = graphOf([parallel('f', [branch('a', [inner]), branch('b')])]);
    const s = Scenario.start(graph);
    s.complete('f/a/g/x', 1);
    expect(s.phases()).toMatchObject({ 'f/a': 'completed', 'f/a/g/y': 'requested' });
    s.send({ type: 'cancel' });
    expect(cancelled(s)).toEqual([
      ['f/a/g/y', 'workflow-cancelled'],
      ['f/b', 'workflow-cancelled'],
      ['root', 'workflow-cancelled'],
    ]);
    const failing = Scenario.start(graph);
    failing.complete('f/a/g/x', 1);
    failing.fail('f/b');
    expect(cancelled(failing)).toEqual([['f/a/g/y', 'workflow-failed']]);
  });

  it('are left behind by an unreachable fork too', () => {
    const quorum = race({ strategy: { name: 'quorum', require: 2 }, onUnmet: 'continue' });
    const s = Scenario.start(
      graphOf([parallel('f', [branch('a'), branch('b'), branch('c')], { converge: quorum }), agent('next')]),
    );
    s.fail('f/a');
    s.fail('f/c');
    expect(s.phases()).toMatchObject({ root: 'requested', 'f/b': 'requested' });
    s.fail('f/b');
    s.complete('root', 'done');
    expect(s.workflow.ending).toEqual({ is: 'completed', output: 'done' });
  });

  it('are none in sequential mode: what has not begun is not begun', () => {
    const s = Scenario.start(graphOf([map('m', [1, 2, 3], [agent('x')], { converge: race() }), agent('next')]), {
      mode: 'sequential',
    });
    s.complete('m/0', 1);
    expect(s.requested).toEqual(['root']);
    expect(cancelled(s).map(([path]) => path)).toEqual(['m/1', 'm/2']);
  });

  it('are none after a deadline, which cancels what is open', () => {
    const settled = race({ strategy: { name: 'all-settled' }, deadline: 1000 });
    const s = Scenario.start(graphOf([parallel('f', [branch('a'), branch('b')], { converge: settled }), agent('n')]));
    s.complete('f/a', 1);
    s.tick(1000);
    expect(s.phases()).toEqual({ root: 'requested', 'f/a': 'completed', 'f/b': 'cancelled' });
  });
});
