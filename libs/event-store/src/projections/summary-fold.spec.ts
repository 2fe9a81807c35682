import { describe, expect, it } from '@jest/globals';
import { type StoredEvent } from '@braid/events';
import { agent, branch, choose, converge, graphOf, map, parallel, Scenario, when } from '@braid/testing';
import { foldSummary, type SummaryRow } from './summary-fold';

/** The row after everything that has happened in a scenario. */
function rowOf(s: Scenario): SummaryRow | undefined {
  let row: SummaryRow | undefined;
  for (const event of s.events) {
    const stored: StoredEvent = { ...event, partition: 0, position: event.version };
    row = foldSummary(row, stored);
  }
  return row;
}

describe('the summary of a workflow', () => {
  it('follows a pause, and a retry of what had failed', () => {
    const s = Scenario.start(graphOf([parallel('f', [branch('a'), branch('b'), branch('c')])]));
    s.send({ type: 'pause' });
    expect(rowOf(s)).toMatchObject({ status: 'paused', endedAt: null });
    s.send({ type: 'resume' });
    for (const path of ['f/a', 'f/b']) s.fail(path, { retryable: false });
    s.complete('f/c');
    expect(rowOf(s)).toMatchObject({ status: 'failed', branchesTotal: 3, branchesCompleted: 1, branchesFailed: 2 });
    s.send({ type: 'retry' });
    expect(rowOf(s)).toMatchObject({ status: 'running', endedAt: null, error: null, branchesFailed: 0 });
    for (const path of ['f/a', 'f/b']) s.complete(path);
    expect(rowOf(s)).toMatchObject({ status: 'completed', branchesTotal: 3, branchesCompleted: 3, branchesFailed: 0 });
  });

  // Seen to fail: two of two branches had completed, and three.
  it('does not count a judge among the branches', () => {
    const judged = converge({ strategy: { name: 'judge', judge: agent('judge') } });
    const inner = map('m', [1], [agent('x')], { converge: judged });
    const s = Scenario.start(graphOf([parallel('f', [branch('a', [inner]), branch('b')], { converge: judged })]));
    for (const path of ['f/b', 'f/a/m/0', 'f/a/m/judge']) s.complete(path);
    s.fail('f/judge', { retryable: false });
    expect(rowOf(s)).toMatchObject({ status: 'failed', branchesTotal: 3, branchesCompleted: 3, branchesFailed: 0 });
  });

  // Seen to fail with all branches counted: two of two had completed, and then three.
  it('counts no branch that undoes something, and runs again when a cancel undoes what a pause held', () => {
    const undone = agent('a', { compensate: [parallel('g', [branch('x'), branch('y')])] });
    const s = Scenario.start(graphOf([parallel('f', [branch('p', [undone]), branch('q')]), agent('last')]));
    for (const path of ['f/p', 'f/q']) s.complete(path);
    s.send({ type: 'pause' });
    s.send({ type: 'cancel', compensate: true, reason: 'enough' });
    const counts = { branchesTotal: 2, branchesCompleted: 2, branchesFailed: 0 };
    expect(rowOf(s)).toMatchObject({ status: 'running', ...counts });
    s.complete('f/p/a:compensate/g/x');
    s.fail('f/p/a:compensate/g/y', { retryable: false });
    expect(rowOf(s)).toMatchObject({ status: 'cancelled', error: 'enough', ...counts });
  });

  it('counts the branches of forks wherever they stand', () => {
    const fork = (id: string) => parallel(id, [branch('x'), branch('y')]);
    const answered = agent('a', { onFailure: [fork('g')] });
    const s = Scenario.start(graphOf([map('m', [1], [choose('c', [when(undefined, [fork('f')])]), answered])]));
    for (const path of ['m/0/f/x', 'm/0/f/y']) s.complete(path);
    s.fail('m/0', { retryable: false });
    for (const path of ['m/0/g/x', 'm/0/g/y']) s.complete(path);
    expect(rowOf(s)).toMatchObject({ status: 'completed', branchesTotal: 5, branchesCompleted: 5 });
  });
});
