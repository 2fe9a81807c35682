import { describe, expect, it } from '@jest/globals';
import { agent, branch, choose, converge, graphOf, map, parallel, Scenario, set, signal, when } from '@braid/testing';
import { nextObligation } from './tick';

const ending = (s: Scenario) => s.workflow.ending;
const rejection = (decision: ReturnType<Scenario['send']>) =>
  decision.is === 'rejected' ? decision.rejection : undefined;
const approval = { schema: { type: 'object', required: ['by'], properties: { by: { type: 'string' } } } };

describe('a signal', () => {
  it('ends the step that waits for it, with its payload as the output', () => {
    const s = Scenario.start(
      graphOf([signal('gate', 'approve', { ...approval, export: { by: '${{ output.by }}' } }), agent('a')]),
    );
    expect(s.phases()).toEqual({ root: 'awaiting' });
    expect(nextObligation(s.workflow, new Map())).toBeUndefined();
    expect(s.signal('approve', { by: 'ann' }, 'x1').is).toBe('accepted');
    expect(s.ofType('SignalReceived')[0]?.data).toEqual({
      name: 'approve',
      payload: { by: 'ann' },
      id: 'x1',
      by: 'a test',
    });
    expect(s.workflow.root).toMatchObject({ context: { by: 'ann' }, results: { gate: { output: { by: 'ann' } } } });
    expect(s.requested).toEqual(['root']);
  });

  it('is kept when it comes before it is awaited, and is for one step only', () => {
    const s = Scenario.start(graphOf([agent('a'), signal('one', 'go'), signal('two', 'go')]));
    s.signal('go', 1);
    s.complete('root');
    expect(s.workflow.root.results).toMatchObject({ one: { output: 1 } });
    expect(s.phases()).toEqual({ root: 'awaiting' });
    s.signal('go', 2);
    expect(ending(s)).toEqual({ is: 'completed', output: 2 });
  });

  it('goes to the branch that has waited longest, and the oldest is taken first', () => {
    const s = Scenario.start(graphOf([map('m', ['x', 'y', 'z'], [agent('a'), signal('go', 'go')])]));
    s.complete('m/2');
    s.complete('m/0');
    s.signal('go', 'for 2');
    s.signal('go', 'for 0');
    s.signal('go', 'for 1');
    s.complete('m/1');
    expect(ending(s)).toEqual({ is: 'completed', output: ['for 0', 'for 1', 'for 2'] });
  });

  it('counts once, however often it is sent, even when the workflow has ended by then', () => {
    const s = Scenario.start(graphOf([signal('one', 'go'), signal('two', 'go')]));
    s.signal('go', 1, 'same');
    expect(s.signal('go', 1, 'same')).toMatchObject({ is: 'accepted', events: [] });
    expect(s.phases()).toEqual({ root: 'awaiting' });
    s.signal('go', 2, 'other');
    expect(s.signal('go', 1, 'same')).toMatchObject({ is: 'accepted', events: [] });
  });

  it('is refused when its payload does not match, when no step could take it, and after the end', () => {
    const s = Scenario.start(
      graphOf([choose('c', [when(undefined, [map('m', [1], [signal('gate', 'approve', approval)])])])]),
    );
    const { version } = s.workflow;
    expect(rejection(s.signal('approve', { by: 5 }))).toMatchObject({
      code: 'signal.invalid',
      message: expect.stringContaining('"payload.by"'),
    });
    expect(rejection(s.signal('aprove', { by: 'ann' }))).toMatchObject({
      code: 'signal.invalid',
      message: 'No step of the playbook "test" waits for a signal "aprove"; it waits for approve',
    });
    expect(s.workflow.version).toBe(version);
    s.signal('approve', { by: 'ann' });
    expect(rejection(s.signal('approve', { by: 'bob' }))).toEqual({
      code: 'workflow.closed',
      message: 'The workflow has completed already',
    });
    expect(rejection(new Scenario().signal('x'))?.code).toBe('workflow.unknown');
  });

  it('that does not come in time is a failure', () => {
    const gate = signal('gate', 'go', {
      timeout: 5000,
      onFailure: [set('late', { why: '${{ steps.gate.error.code }}' })],
    });
    const s = Scenario.start(graphOf([gate]));
    expect(nextObligation(s.workflow, new Map())).toBe(s.now + 5000);
    s.tick(4999);
    expect(s.phases()).toEqual({ root: 'awaiting' });
    s.tick(1);
    expect(s.ofType('FailureCaught')[0]?.data.failure).toMatchObject({
      code: 'timeout',
      type: 'SignalTimeoutError',
      step: 'gate',
    });
    expect(ending(s)).toEqual({ is: 'completed', output: { why: 'timeout' } });
  });

  it('is not taken by a branch that was cancelled', () => {
    const race = converge({ strategy: { name: 'first-success' }, losers: 'cancel' });
    const s = Scenario.start(
      graphOf([parallel('f', [branch('x', [signal('a', 'go')]), branch('y')], { converge: race }), signal('b', 'go')]),
    );
    s.complete('f/y');
    s.signal('go', 'for b');
    expect(ending(s)).toEqual({ is: 'completed', output: 'for b' });
  });

  it('is used up by a step whose export cannot be made of it', () => {
    const s = Scenario.start(
      graphOf([signal('a', 'go', { export: { k: '${{ output.k }}' }, onFailure: 'continue' }), signal('b', 'go')]),
    );
    s.signal('go', 'text');
    expect(s.workflow.root.results['a']?.status).toBe('failed');
    expect(s.phases()).toEqual({ root: 'awaiting' });
  });
});
