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
  wait,
  when,
} from '@braid/testing';
import { nextObligation } from './tick';

const ending = (s: Scenario) => s.workflow.ending;
const failure = (s: Scenario) => (s.workflow.ending?.is === 'failed' ? s.workflow.ending.failure : undefined);
const asked = (s: Scenario) => s.ofType('BranchRequested').map(({ data }) => data.step);

describe('a step that fails', () => {
  it('ends its branch with the error that the playbook names', () => {
    const error = {
      type: 'TooRisky',
      message: 'risk ${{ variables.risk }}',
      details: { risk: '${{ variables.risk }}' },
    };
    const s = Scenario.start(graphOf([fail('stop', error), agent('never')]), { variables: { risk: 7 } });
    expect(failure(s)).toMatchObject({
      ...{ code: 'failed-by-playbook', type: 'TooRisky', message: 'risk 7', details: { risk: 7 } },
      ...{ retryable: false, branch: 'root', step: 'stop' },
    });
    expect(asked(s)).toEqual([]);
  });

  it('has a name of its own without one, and a text for a message whatever the template gives', () => {
    const s = Scenario.start(graphOf([fail('stop', { message: '${{ {"a": 1} }}' })]));
    expect(failure(s)).toMatchObject({ type: 'PlaybookError', message: '{"a":1}' });
  });

  it('may be survived like any other', () => {
    const s = Scenario.start(graphOf([fail('stop', { message: 'no' }, { onFailure: 'continue' }), set('s', { a: 1 })]));
    expect(ending(s)).toEqual({ is: 'completed', output: { a: 1 } });
  });
});

describe('a wait', () => {
  it('rests until its moment and then goes on', () => {
    const s = Scenario.start(graphOf([wait('w', 5000), agent('a')]));
    const until = s.now + 5000;
    expect(s.ofType('WaitStarted')[0]?.data).toEqual({ branch: 'root', step: 'w', until });
    expect(nextObligation(s.workflow, new Map())).toBe(until);
    s.tick(4999);
    expect(asked(s)).toEqual([]);
    s.tick(1);
    expect(asked(s)).toEqual(['a']);
  });

  it.each([
    ['a duration', 'PT1M', 60_000],
    ['a moment', '1970-01-01T00:20:00Z', 200_000],
  ])('takes %s from an expression', (_, time, rest) => {
    const s = Scenario.start(graphOf([wait('w', '${{ variables.time }}')]), { variables: { time } });
    expect(s.ofType('WaitStarted')[0]?.data.until).toBe(1_000_000 + rest);
    s.tick(rest);
    expect(ending(s)?.is).toBe('completed');
  });

  it('does not rest for a moment that has passed', () => {
    const s = Scenario.start(graphOf([wait('w', '1970-01-01'), set('s', { a: 1 })]));
    expect(ending(s)?.is).toBe('completed');
    expect(s.ofType('WaitStarted')).toEqual([]);
  });

  it.each([['soon'], [5], [null], ['1970-02-30'], ['367d']])('fails for %j', (time) => {
    const s = Scenario.start(graphOf([wait('w', '${{ variables.time }}')]), { variables: { time } });
    expect(failure(s)).toMatchObject({ code: 'expression', type: 'NotATimeError', step: 'w' });
    expect(failure(s)?.message).toContain('w.wait');
  });
});

describe('a choice', () => {
  const cases = (first: string, second: string) => [
    when(first, [agent('a1'), agent('a2')]),
    when(second, [agent('b1')]),
    when(undefined, [set('c1', { c: 1 })]),
  ];

  it('runs the steps of the first case that holds; its output is theirs, and each of them is seen afterwards', () => {
    const seen = { choice: '${{ steps.pick }}', a2: '${{ steps.a2.output }}', b1: '${{ steps.b1 }}' };
    const s = Scenario.start(
      graphOf([
        choose('pick', cases('1 < 2', '1 < 3'), { export: { got: '${{ output }}' } }),
        agent('z', { with: seen }),
      ]),
    );
    expect(s.ofType('CaseChosen').map(({ data }) => data)).toEqual([{ branch: 'root', step: 'pick', case: 0 }]);
    s.complete('root', 'one');
    s.complete('root', 'two');
    expect(s.ofType('BranchRequested').at(-1)?.data.input).toEqual({
      choice: { status: 'completed', output: 'two' },
      a2: 'two',
      b1: { status: 'skipped', output: null },
    });
    expect(s.workflow.root.context).toEqual({ got: 'two' });
  });

  it('ends the branch with the output of the case when it is the last step', () => {
    const s = Scenario.start(graphOf([choose('pick', cases('1 > 2', '1 > 3'))]));
    expect(ending(s)).toEqual({ is: 'completed', output: { c: 1 } });
    expect(s.events.at(-2)).toMatchObject({ type: 'BranchCompleted', data: { step: 'pick' } });
  });

  it('is skipped when no case holds', () => {
    const s = Scenario.start(
      graphOf([choose('pick', [when('1 > 2', [agent('a')])]), set('s', { a: '${{ steps.a.output }}' })]),
    );
    expect(ending(s)).toEqual({ is: 'completed', output: { a: null } });
    expect(s.ofType('StepSkipped').map(({ data }) => data.step)).toEqual(['pick']);
  });

  it('may hold forks and further choices', () => {
    const fork = parallel('f', [branch('x'), branch('y')]);
    const inner = choose('inner', [when(undefined, [fork])]);
    const s = Scenario.start(
      graphOf([choose('outer', [when(undefined, [inner])]), agent('z', { with: '${{ steps.f.output }}' })]),
    );
    s.complete('f/y', 2);
    s.complete('f/x', 1);
    expect(s.ofType('BranchRequested').at(-1)?.data.input).toEqual({ x: 1, y: 2 });
  });

  it('fails with a step of its case, and may be survived as a whole', () => {
    const pick = (onFailure: 'fail' | 'continue') =>
      choose('pick', [when(undefined, [agent('a'), agent('b')])], { onFailure });
    const failing = Scenario.start(graphOf([pick('fail')]));
    failing.fail('root', { retryable: false });
    expect(failure(failing)).toMatchObject({ step: 'a' });
    const surviving = Scenario.start(
      graphOf([pick('continue'), set('s', { a: '${{ steps.a.status }}', b: '${{ steps.b.status }}' })]),
    );
    surviving.fail('root', { retryable: false });
    expect(surviving.ofType('StepFailed')[0]?.data).toMatchObject({ step: 'pick', failure: { step: 'a' } });
    expect(surviving.workflow.root.context).toEqual({ a: 'failed', b: 'skipped' });
  });
});

describe('steps that answer a failure', () => {
  const answered = (id: string) =>
    agent(id, { onFailure: [agent('fallback', { with: `\${{ steps.${id}.error.message }}` })] });

  it('run after the last attempt, see the error, and their output is that of the step', () => {
    const s = Scenario.start(graphOf([answered('risky'), agent('z', { with: '${{ steps.risky }}' })]));
    s.fail('root', { retryable: false });
    expect(s.ofType('FailureCaught')[0]?.data).toMatchObject({ step: 'risky', by: 'onFailure', run: { attempt: 1 } });
    expect(s.ofType('BranchRequested').at(-1)?.data).toMatchObject({ step: 'fallback', input: 'it broke', attempt: 1 });
    s.complete('root', 'plan B');
    expect(s.ofType('BranchRequested').at(-1)?.data.input).toEqual({
      status: 'failed',
      output: 'plan B',
      error: { type: 'TestError', message: 'it broke', code: 'agent-error' },
    });
  });

  it('do not run when nothing fails, and can be named all the same', () => {
    const s = Scenario.start(graphOf([answered('risky'), set('s', { was: '${{ steps.fallback.status }}' })]));
    s.complete('root', 1);
    expect(ending(s)).toEqual({ is: 'completed', output: { was: 'skipped' } });
  });

  it('may fail themselves, which is no failure that the same step answers again', () => {
    const s = Scenario.start(
      graphOf([choose('pick', [when(undefined, [answered('risky')])], { onFailure: [set('last', { saved: true })] })]),
    );
    s.fail('root', { retryable: false });
    s.fail('root', { retryable: false, message: 'fallback broke' });
    expect(s.ofType('FailureCaught').map(({ data }) => [data.step, data.failure.step])).toEqual([
      ['risky', 'risky'],
      ['pick', 'fallback'],
    ]);
    expect(ending(s)).toEqual({ is: 'completed', output: { saved: true } });
  });

  it('answer for a convergence that cannot be met, before or instead of those of the fork', () => {
    const fork = (onUnmet: 'fail' | undefined) =>
      parallel('f', [branch('x')], {
        converge: converge(
          onUnmet ? { onUnmet } : { onUnmet: [set('u', { by: 'onUnmet', why: '${{ steps.f.error.code }}' })] },
        ),
        onFailure: [set('o', { by: 'onFailure' })],
      });
    const unmet = Scenario.start(graphOf([fork(undefined)]));
    unmet.fail('f/x', { retryable: false });
    expect(ending(unmet)).toEqual({ is: 'completed', output: { by: 'onUnmet', why: 'convergence-unmet' } });
    const failed = Scenario.start(graphOf([fork('fail')]));
    failed.fail('f/x', { retryable: false });
    expect(ending(failed)).toEqual({ is: 'completed', output: { by: 'onFailure' } });
    const tooWide = map('f', '${{ 5 }}', [agent('a')], {
      onFailure: [set('o', { by: 'onFailure' })],
      converge: converge({ onUnmet: 'continue' }),
    });
    expect(ending(Scenario.start(graphOf([tooWide])))).toEqual({ is: 'completed', output: { by: 'onFailure' } });
  });

  it('give no output when none of them completed', () => {
    const never = [agent('n', { if: 'variables.no' })];
    const s = Scenario.start(graphOf([agent('a'), fail('b', { message: 'x' }, { onFailure: never })]), {
      variables: { no: false },
    });
    s.complete('root', 1);
    expect(ending(s)).toEqual({ is: 'completed', output: null });
  });
});
