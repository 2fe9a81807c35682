import { describe, expect, it } from '@jest/globals';
import { type Step } from '@braid/events';
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
  wait,
  when,
} from '@braid/testing';

/** A step that is undone by an agent step which is asked with the output of the first. */
const undone = <S extends Step>(step: S, more: { readonly with?: string } = {}): S => ({
  ...step,
  compensate: [agent(`undo-${step.id}`, { with: more.with ?? `\${{ steps['${step.id}'].output }}` })],
});

const trip = () =>
  Scenario.start(graphOf([undone(agent('flight')), undone(agent('hotel')), agent('mail'), agent('pay')]));

/** A trip of which everything has worked but the payment. */
function unpaid(): Scenario {
  const s = trip();
  s.complete('root', 'F1');
  s.complete('root', 'H1');
  s.complete('root', 'sent');
  s.fail('root', { type: 'NoMoney', message: 'the card was declined', retryable: false });
  return s;
}

const asked = (s: Scenario) => s.ofType('BranchRequested').map(({ data }) => [data.branch, data.input]);
const types = (s: Scenario, from: number) => s.events.slice(from).map(({ type }) => type);

describe('a workflow that fails', () => {
  // Seen to fail with the completed steps taken in the order of their completion.
  it('undoes what has completed and says how, the last one first, one after the other, and has failed then', () => {
    const s = unpaid();
    expect(s.workflow.status).toBe('running');
    expect(s.ofType('CompensationStarted')[0]?.data).toMatchObject({ because: 'failed', failure: { type: 'NoMoney' } });
    expect(s.requested).toEqual(['hotel:compensate']);
    s.complete('hotel:compensate');
    expect(s.requested).toEqual(['flight:compensate']);
    s.complete('flight:compensate');
    expect(asked(s).slice(4)).toEqual([
      ['hotel:compensate', 'H1'],
      ['flight:compensate', 'F1'],
    ]);
    expect(s.workflow).toMatchObject({ status: 'failed', ending: { failure: { type: 'NoMoney' } } });
    expect(s.workflow.ending).not.toHaveProperty('failure.details');
  });

  it('ends at once where nothing that could be undone has completed', () => {
    const s = trip();
    const { length } = s.events;
    s.fail('root', { retryable: false });
    expect(types(s, length)).toEqual(['BranchFailed', 'WorkflowFailed']);
  });

  it('undoes nothing when it completes', () => {
    const s = trip();
    for (const output of ['F1', 'H1', 'sent', 'paid']) s.complete('root', output);
    expect(s.workflow.status).toBe('completed');
    expect(s.ofType('CompensationStarted')).toEqual([]);
  });

  it('is undone too when it is only its output that cannot be made', () => {
    const s = Scenario.start(graphOf([undone(agent('a'))], { output: '${{ context.none.at.all }}' }));
    s.complete('root', 1);
    expect(s.requested).toEqual(['a:compensate']);
    s.complete('a:compensate');
    expect(s.workflow).toMatchObject({ status: 'failed', ending: { failure: { code: 'expression' } } });
  });

  it('goes on with the others when a step cannot be undone, and says so at its end', () => {
    const s = unpaid();
    s.fail('hotel:compensate', { type: 'NoRefund', message: 'too late', retryable: false });
    s.complete('flight:compensate');
    expect(s.workflow).toMatchObject({
      status: 'failed',
      ending: {
        failure: {
          type: 'NoMoney',
          details: {
            compensation: {
              ...{ undone: 1, failed: 1, cancelled: 0 },
              failures: [{ branch: 'root', step: 'hotel', type: 'NoRefund', code: 'agent-error', message: 'too late' }],
            },
          },
        },
      },
    });
  });

  it('keeps the details that its failure had beside those of the compensation', () => {
    for (const details of [{ limit: 3 }, ['a', 'list']]) {
      const s = Scenario.start(graphOf([undone(agent('a')), agent('b')]));
      s.complete('root');
      s.fail('root', { retryable: false, details });
      s.fail('a:compensate', { retryable: false });
      const kept = Array.isArray(details) ? { details } : details;
      expect(s.workflow.ending).toMatchObject({ failure: { details: { ...kept, compensation: { failed: 1 } } } });
    }
  });
});

describe('a budget that is used up', () => {
  // Seen to fail: the compensation was refused as the payment had been.
  it('fails the workflow, and does not keep it from being undone', () => {
    const s = Scenario.start(graphOf([undone(agent('flight')), agent('pay')], { budget: { attempts: 1 } }));
    s.complete('root', 'F1');
    expect(s.ofType('CompensationStarted')).toMatchObject([{ data: { failure: { code: 'budget' } } }]);
    expect(s.requested).toEqual(['flight:compensate']);
    s.complete('flight:compensate');
    expect(s.workflow).toMatchObject({ status: 'failed', cost: { attempts: 2 } });
  });
});

describe('what is undone', () => {
  it('are the steps of all branches in the order of their completion, those of losers and of inner steps too', () => {
    const race = converge({ strategy: { name: 'first-success' }, losers: 'cancel' });
    const s = Scenario.start(
      graphOf([
        undone(
          parallel(
            'f',
            [
              branch('a', [undone(agent('a1')), agent('a2')]),
              branch('b', [undone(agent('b1')), undone(agent('b2'))]),
              branch('c', [undone(agent('c1'))]),
            ],
            { converge: race },
          ),
        ),
        choose('pick', [when(undefined, [undone(set('note', { k: 1 }))])]),
        agent('last'),
      ]),
    );
    s.complete('f/b', 'b1');
    s.complete('f/a', 'a1');
    s.complete('f/b', 'b2');
    expect(s.phases()).toMatchObject({ 'f/a': 'cancelled', 'f/b': 'completed', 'f/c': 'cancelled' });
    s.fail('root', { retryable: false });
    const order = ['note:compensate', 'f:compensate', 'f/b/b2:compensate', 'f/a/a1:compensate', 'f/b/b1:compensate'];
    for (const path of order) {
      expect(s.requested).toEqual([path]);
      s.complete(path);
    }
    expect(s.workflow.status).toBe('failed');
  });

  it('is no step that was skipped, that failed, or whose failure was answered', () => {
    const s = Scenario.start(
      graphOf([
        undone(agent('skipped', { if: 'false' })),
        undone(agent('survived', { onFailure: 'continue' })),
        undone(agent('answered', { onFailure: [undone(agent('instead'))] })),
        fail('end', { message: 'over' }),
      ]),
    );
    s.fail('root', { retryable: false });
    s.fail('root', { retryable: false });
    s.complete('root', 'B');
    expect(s.requested).toEqual(['instead:compensate']);
  });

  it('is each item of a map, with the item', () => {
    const book = undone(agent('book'), { with: '${{ item }} ${{ branch.index }} ${{ steps.book.output }}' });
    const s = Scenario.start(graphOf([map('m', ['x', 'y'], [book]), agent('last')]));
    s.complete('m/1', 'B1');
    s.complete('m/0', 'B0');
    s.fail('root', { retryable: false });
    s.complete('m/0/book:compensate');
    expect(asked(s).slice(-2)).toEqual([
      ['m/0/book:compensate', 'x 0 B0'],
      ['m/1/book:compensate', 'y 1 B1'],
    ]);
  });

  // Seen to fail with the branch's context as it was at the workflow's end.
  it('sees what its branch saw when it completed: needs, its own exports, and nothing later', () => {
    const seen = { context: '${{ context }}', needs: '${{ needs }}', steps: '${{ steps }}' };
    const own = agent('s', { export: { ['k']: '${{ output }}' } });
    const branches = [
      branch('a'),
      branch('b', [{ ...own, compensate: [agent('u', { with: seen })] }, set('later', { k: 'later' }), agent('x')], {
        needs: ['a'],
      }),
    ];
    const s = Scenario.start(graphOf([parallel('f', branches)]));
    s.complete('f/a', 'A');
    s.complete('f/b', 'S');
    s.fail('f/b', { retryable: false });
    expect(asked(s).at(-1)).toEqual([
      'f/b/s:compensate',
      { context: { k: 'S' }, needs: { a: { output: 'A' } }, steps: { s: { status: 'completed', output: 'S' } } },
    ]);
  });

  it('may fork, wait and retry like anything else, one attempt at a time in sequential mode', () => {
    const retry = {
      ...{ maximumAttempts: 2, initialInterval: 0, backoffCoefficient: 1, maximumInterval: 0 },
      nonRetryableErrors: [],
    };
    const steps = [
      parallel('tell', [branch('p'), branch('q')]),
      wait('rest', 500),
      agent('drop', { retry, with: '${{ steps.tell.output }}' }),
    ];
    const graph = graphOf([{ ...agent('a'), compensate: steps }, fail('end', { message: 'over' })]);
    const s = Scenario.start(graph, { mode: 'sequential' });
    s.complete('root');
    expect(s.requested).toEqual(['a:compensate/tell/p']);
    s.complete('a:compensate/tell/p', 1);
    expect(s.requested).toEqual(['a:compensate/tell/q']);
    s.complete('a:compensate/tell/q', 2);
    expect(s.workflow.status).toBe('running');
    s.tick(500);
    s.fail('a:compensate');
    s.tick(0);
    expect(asked(s).at(-1)).toEqual(['a:compensate', { p: 1, q: 2 }]);
    s.complete('a:compensate');
    expect(s.workflow).toMatchObject({ status: 'failed', ending: { failure: { code: 'failed-by-playbook' } } });
  });
});

describe('what is detached while a step is undone', () => {
  // Seen to fail: its attempt was left open at the end of the workflow.
  it('is not waited for, and is cancelled when the workflow ends', () => {
    const race = converge({ strategy: { name: 'first-success' }, losers: 'detach' });
    const steps = [parallel('f', [branch('x'), branch('y')], { converge: race })];
    const s = Scenario.start(
      graphOf([undone(agent('a')), { ...agent('b'), compensate: steps }, fail('end', { message: 'over' })]),
    );
    s.complete('root');
    s.complete('root');
    s.complete('b:compensate/f/x');
    expect(s.requested).toEqual(['a:compensate', 'b:compensate/f/y']);
    s.complete('a:compensate');
    expect(s.workflow.status).toBe('failed');
    expect(s.phases()['b:compensate/f/y']).toBe('cancelled');
  });
});

describe('a cancel', () => {
  it('leaves standing what has completed, unless it asks for it to be undone', () => {
    const s = trip();
    s.complete('root', 'F1');
    s.send({ type: 'cancel', reason: 'enough' });
    expect(s.workflow.status).toBe('cancelled');
    expect(s.ofType('CompensationStarted')).toEqual([]);
  });

  it('with compensation stops what is under way, undoes, and then the workflow is cancelled for its reason', () => {
    const s = trip();
    s.complete('root', 'F1');
    const { length } = s.events;
    s.send({ type: 'cancel', compensate: true, reason: 'enough', by: 'somebody' });
    expect(types(s, length)).toEqual(['BranchCancelled', 'CompensationStarted', 'BranchRequested']);
    expect(s.workflow.status).toBe('running');
    expect(s.send({ type: 'cancel', compensate: true })).toMatchObject({ is: 'accepted', events: [] });
    s.complete('flight:compensate');
    expect(s.ofType('WorkflowCancelled')[0]?.data).toEqual({ reason: 'enough', by: 'somebody' });
    expect(s.send({ type: 'cancel', compensate: true })).toMatchObject({ is: 'accepted', events: [] });
  });

  it('with compensation ends at once where there is nothing to undo', () => {
    const s = trip();
    s.send({ type: 'cancel', compensate: true });
    expect(s.workflow.status).toBe('cancelled');
  });

  it('without compensation stops one that is under way, and the end says what was not undone', () => {
    const s = unpaid();
    s.send({ type: 'cancel', reason: 'leave it' });
    expect(s.workflow.status).toBe('cancelled');
    expect(s.phases()).toMatchObject({ 'hotel:compensate': 'cancelled', 'flight:compensate': 'cancelled' });
    expect(s.ofType('WorkflowCancelled')[0]?.data).toEqual({
      reason: 'leave it',
      details: { compensation: { undone: 0, failed: 0, cancelled: 2, failures: [] } },
    });
    expect(s.ofType('BranchCancelled')).toMatchObject([{ data: { attempt: 1 } }, { data: {} }]);
  });

  it('with compensation lets a paused workflow go on, to its end', () => {
    const s = trip();
    s.complete('root', 'F1');
    s.send({ type: 'pause' });
    s.send({ type: 'cancel', compensate: true });
    expect(s.workflow.status).toBe('running');
    expect(s.requested).toEqual(['flight:compensate']);
  });
});

describe('a pause', () => {
  // Seen to fail: nothing was begun again after the resume.
  it('holds the next compensation until the workflow is resumed', () => {
    const s = unpaid();
    s.send({ type: 'pause' });
    s.complete('hotel:compensate');
    expect(s.requested).toEqual([]);
    s.send({ type: 'resume' });
    expect(s.requested).toEqual(['flight:compensate']);
  });

  it('in which the workflow fails holds the first one, and one in which the last has ended does not hold the end', () => {
    const s = Scenario.start(graphOf([undone(agent('a')), agent('b')]));
    s.complete('root');
    s.send({ type: 'pause' });
    s.fail('root', { retryable: false });
    expect(s.workflow.status).toBe('paused');
    expect(s.requested).toEqual([]);
    s.send({ type: 'resume' });
    s.send({ type: 'pause' });
    s.complete('a:compensate');
    expect(s.workflow.status).toBe('failed');
  });
});

describe('a retry', () => {
  it('is refused when the workflow was undone, or is being undone, and says what to do instead', () => {
    const s = unpaid();
    const refused = { is: 'rejected', rejection: { code: 'workflow.compensated' } };
    expect(s.send({ type: 'retry' })).toMatchObject(refused);
    s.complete('hotel:compensate');
    s.complete('flight:compensate');
    const decision = s.send({ type: 'retry' });
    expect(decision).toMatchObject(refused);
    expect(decision.is === 'rejected' && decision.rejection.message).toContain('start the workflow anew');
  });

  it('keeps what had completed before it: when the workflow fails again, that is undone, once', () => {
    const s = Scenario.start(
      graphOf([undone(agent('a', { if: 'variables.no' })), agent('b'), undone(agent('c')), agent('d')]),
      {
        variables: { no: false },
      },
    );
    s.fail('root', { retryable: false });
    s.send({ type: 'retry' });
    s.complete('root');
    s.complete('root', 'C');
    s.fail('root', { retryable: false });
    expect(s.requested).toEqual(['c:compensate']);
    s.complete('c:compensate');
    expect(s.workflow.status).toBe('failed');
  });
});
