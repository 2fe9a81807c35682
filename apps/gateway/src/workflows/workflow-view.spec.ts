import { agent, branch, converge, graphOf, parallel, Scenario } from '@braid/testing';
import { describe, expect, test } from '@jest/globals';
import { LiveAttempts } from './live-attempts';
import { workflowView } from './workflow-view';

const graph = graphOf([parallel('reviews', [branch('good'), branch('bad'), branch('slow')])]);
const nobody = () => undefined;

describe('the view of a workflow', () => {
  test('says that steps are being undone, which, why, and how far that is', () => {
    const book = agent('book', { compensate: [agent('drop')] });
    const scenario = Scenario.start(graphOf([book, { ...book, id: 'more' }, agent('last')]));
    scenario.complete('root');
    scenario.complete('root');
    expect(workflowView(scenario.workflow, nobody)).not.toHaveProperty('compensation');
    scenario.fail('root', { message: 'no money' });
    const steps = { total: 2, undone: 0, failed: 0 };
    const view = workflowView(scenario.workflow, nobody);
    expect(view).toMatchObject({
      status: 'running',
      compensation: { state: 'compensating', because: 'failed', error: { message: 'no money' }, steps },
    });
    expect(view.branchStatus.slice(1)).toMatchObject([
      { path: 'more:compensate', status: 'requested', compensates: { branch: 'root', step: 'more' } },
      { path: 'book:compensate', status: 'pending', compensates: { branch: 'root', step: 'book' } },
    ]);
    scenario.fail('more:compensate', { retryable: false });
    scenario.send({ type: 'cancel' });
    const ended = workflowView(scenario.workflow, nobody);
    expect(ended).toMatchObject({
      status: 'cancelled',
      compensation: { state: 'stopped', steps: { ...steps, failed: 1 } },
    });
  });

  test('shows a branch that failed while its siblings go on', () => {
    const scenario = Scenario.start(graph);
    scenario.complete('reviews/good', { stars: 5 });
    scenario.fail('reviews/bad', { type: 'HttpError', message: '503' });
    const view = workflowView(scenario.workflow, nobody);
    expect(view).toMatchObject({ status: 'running', cost: { attempts: 3, agentMs: 10 } });
    expect(view.branchStatus).toMatchObject([
      { path: 'root', status: 'running', step: 'reviews' },
      {
        path: 'reviews/good',
        parent: 'root',
        fork: 'reviews',
        status: 'completed',
        output: { stars: 5 },
        runner: 'r1',
      },
      {
        path: 'reviews/bad',
        status: 'failed',
        attempt: 1,
        error: { type: 'HttpError', message: '503', stack: 'at test' },
      },
      { path: 'reviews/slow', status: 'requested', step: 'slow', agent: 'builtin.echo', attempt: 1 },
    ]);
    expect(view.convergencePoints).toMatchObject([
      { step: 'reviews', tally: { total: 3, completed: 1, failed: 1, open: 1 } },
    ]);
    expect(view.parallelBranches).toEqual([
      { branch: 'root', step: 'reviews', branches: ['reviews/good', 'reviews/bad', 'reviews/slow'] },
    ]);
  });

  test('shows of a budget what is set aside and what is left', () => {
    const steps = [agent('a', { cost: { tokens: 30 } }), agent('b')];
    const scenario = Scenario.start(graphOf(steps, { budget: { tokens: 100, attempts: 5 } }));
    const cost = () => workflowView(scenario.workflow, nobody).cost;
    const budget = { tokens: 100, attempts: 5 };
    expect(cost()).toEqual({
      ...{ attempts: 1, agentMs: 0, usage: {}, reserved: { tokens: 30 } },
      ...{ budget, remaining: { tokens: 70, attempts: 4 } },
    });
    scenario.complete('root', null, { tokens: 20, model: 'large' });
    expect(cost()).toEqual({
      ...{ attempts: 2, agentMs: 5, usage: { tokens: 20 } },
      ...{ budget, remaining: { tokens: 80, attempts: 3 } },
    });
  });

  test('shows the output where the branches converged', () => {
    const scenario = Scenario.start(graph);
    for (const name of ['good', 'bad', 'slow']) scenario.complete(`reviews/${name}`, name);
    const output = { good: 'good', bad: 'bad', slow: 'slow' };
    expect(workflowView(scenario.workflow, nobody)).toMatchObject({
      status: 'completed',
      output,
      convergencePoints: [{ outcome: 'met', decidedBy: 'slow', output }],
    });
  });

  test('shows the judge of a fork, beside the branches that it judges', () => {
    const judged = converge({ strategy: { name: 'judge', judge: agent('judge', { agent: 'critic' }) } });
    const scenario = Scenario.start(graphOf([parallel('drafts', [branch('a'), branch('b')], { converge: judged })]));
    for (const name of ['a', 'b']) scenario.complete(`drafts/${name}`, name);
    const view = workflowView(scenario.workflow, nobody);
    expect(view.branchStatus.at(-1)).toMatchObject({
      ...{ branch: 'judge', path: 'drafts/judge', parent: 'root', status: 'requested', step: 'judge', agent: 'critic' },
    });
    expect(view.parallelBranches).toEqual([
      { branch: 'root', step: 'drafts', branches: ['drafts/a', 'drafts/b'], judge: 'drafts/judge' },
    ]);
    expect(view.convergencePoints).toMatchObject([
      { outcome: 'waiting', reason: '2 of 2 branches completed, and the judge is asked', tally: { total: 2, open: 0 } },
    ]);
  });

  test('does not change when the workflow goes on', () => {
    const scenario = Scenario.start(graph);
    const view = workflowView(scenario.workflow, nobody);
    const before = structuredClone(view);
    scenario.complete('reviews/good');
    scenario.fail('reviews/bad');
    expect(view).toEqual(before);
  });

  test('takes a sign of life only for the attempt that is open, and only for a while', () => {
    let now = 1_000;
    const live = new LiveAttempts(5_000, () => now);
    const scenario = Scenario.start(graph);
    const status = () => workflowView(scenario.workflow, live.find).branchStatus[1];
    const beat = (attempt: number) =>
      live.heard({
        runner: 'r7',
        attempts: [{ workflow: 'w1', branch: 'reviews/good', step: 'good', attempt, startedAt: 900 }],
      });
    beat(2);
    expect(status()).toMatchObject({ status: 'requested' });
    beat(1);
    expect(status()).toMatchObject({ status: 'running', runner: 'r7', startedAt: '1970-01-01T00:00:00.900Z' });
    now += 5_001;
    expect(status()).toMatchObject({ status: 'requested' });
    scenario.complete('reviews/good');
    beat(1);
    expect(status()).toMatchObject({ status: 'completed' });
  });

  test('of a failed attempt that is tried again says why', () => {
    const retry = { ...agent('x').retry, maximumAttempts: 3 };
    const scenario = Scenario.start(graphOf([agent('x', { retry })]));
    scenario.fail('root', { message: 'first' });
    expect(workflowView(scenario.workflow, nobody).branchStatus).toMatchObject([
      { status: 'pending', step: 'x', attempt: 1, error: { message: 'first' } },
    ]);
  });
});
