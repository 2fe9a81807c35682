import { describe, expect, it } from '@jest/globals';
import { agent, branch, converge, graphOf, parallel, signal, wait } from '@braid/testing';
import { fold, type Workflow } from '@braid/workflow';
import { command, ended, history, start, startOrchestrator, startRunner, until, useServers } from '../test/rig';

useServers();

const stateOf = async (workflow: string) => fold(await history(workflow)) as Workflow;
const echo = (id: string) => agent(id, { agent: 'echo', with: id });

describe('a signal', () => {
  const approval = { schema: { type: 'object', required: ['by'] } };

  it('ends the step that waits for it, once, and is refused when it is wrong or late', async () => {
    await startOrchestrator('o1');
    const { workflow } = await start(graphOf([signal('gate', 'approve', approval)]));
    const approve = {
      workflow,
      command: 'signal',
      name: 'approve',
      payload: { by: 'ann' },
      id: 's1',
      by: 'test',
    } as const;
    const wrong = await command({ ...approve, payload: 'yes', id: 's0' });
    expect(wrong).toMatchObject({ ok: false, code: 'signal.invalid', message: expect.stringContaining('payload') });
    expect(await command({ ...approve, name: 'reject', id: 's0' })).toMatchObject({
      ok: false,
      code: 'signal.invalid',
    });
    expect(await command(approve)).toMatchObject({ ok: true, repeated: false });
    expect((await ended(workflow)).ending).toEqual({ is: 'completed', output: { by: 'ann' } });
    expect(await command(approve)).toMatchObject({ ok: true, repeated: true });
    expect(await command({ ...approve, id: 's2' })).toMatchObject({ ok: false, code: 'workflow.closed' });
    expect(await command({ ...approve, workflow: 'nobody-knows-it' })).toMatchObject({
      ok: false,
      code: 'workflow.unknown',
    });
  });

  it('that comes early is kept, over a restart too', async () => {
    const first = await startOrchestrator('o1');
    const { workflow } = await start(graphOf([echo('a'), signal('gate', 'go')]));
    await command({ workflow, command: 'signal', name: 'go', payload: 1, id: 's1' });
    await first.stop();
    await startOrchestrator('o2');
    startRunner('echo');
    expect((await ended(workflow)).ending).toEqual({ is: 'completed', output: 1 });
  });
});

describe('a wait', () => {
  it('ends on time after a restart, found by its due moment', async () => {
    const first = await startOrchestrator('o1');
    const { workflow } = await start(graphOf([wait('w', 1_500)]));
    await first.stop();
    await startOrchestrator('o2');
    const { startedAt, endedAt = 0 } = await ended(workflow);
    expect(endedAt - startedAt).toBeGreaterThanOrEqual(1_500);
  });
});

describe('a pause', () => {
  it('lets what runs end and starts nothing until the workflow is resumed', async () => {
    await startOrchestrator('o1');
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const seen = startRunner('echo', async (work) => {
      if (work.step === 'one') await held;
      return { type: 'BranchCompleted', output: work.input };
    });
    const { workflow } = await start(graphOf([parallel('f', [branch('x', [echo('one'), echo('two')])]), echo('last')]));
    await until(async () => (seen.length === 1 ? true : undefined));
    const pause = { workflow, command: 'pause', reason: 'lunch', by: 'ann', id: 'p1' } as const;
    expect(await command(pause)).toMatchObject({ ok: true });
    expect(await command({ workflow, command: 'pause' })).toMatchObject({ ok: true, repeated: true });
    release();
    await until(async () => ((await history(workflow)).at(-1)?.type === 'BranchAdvanced' ? true : undefined));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([(await stateOf(workflow)).status, seen.length]).toEqual(['paused', 1]);
    expect(await command({ workflow, command: 'resume', by: 'ann' })).toMatchObject({ ok: true, repeated: false });
    expect(await command(pause)).toMatchObject({ ok: true, repeated: true });
    expect((await ended(workflow)).ending).toEqual({ is: 'completed', output: 'last' });
    expect(await command({ workflow, command: 'resume' })).toMatchObject({ ok: false, code: 'workflow.closed' });
  });

  it('outlives the orchestrator', async () => {
    const first = await startOrchestrator('o1');
    const { workflow } = await start(graphOf([wait('w', 500), echo('a')]));
    await command({ workflow, command: 'pause' });
    await first.stop();
    await startOrchestrator('o2');
    startRunner('echo');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect((await stateOf(workflow)).status).toBe('paused');
    await command({ workflow, command: 'resume' });
    expect((await ended(workflow)).ending).toEqual({ is: 'completed', output: 'a' });
  });
});

describe('a retry', () => {
  it('runs again what failed or was cancelled, and nothing that completed', async () => {
    await startOrchestrator('o1');
    let broken = true;
    const failure = { type: 'E', message: 'no', code: 'agent-error', retryable: false };
    const seen = startRunner('echo', (work) => {
      if (work.step === 'slow' && broken) return undefined;
      if (work.step === 'bad' && broken) return { type: 'BranchFailed', failure };
      return { type: 'BranchCompleted', output: work.input };
    });
    const branches = [
      branch('good', [echo('good')]),
      branch('slow', [echo('slow')]),
      branch('bad', [wait('w', 300), echo('bad')]),
    ];
    const { workflow } = await start(graphOf([parallel('f', branches, { converge: converge({ losers: 'cancel' }) })]));
    expect((await ended(workflow)).status).toBe('failed');
    broken = false;
    expect(await command({ workflow, command: 'retry', by: 'ann' })).toMatchObject({ ok: true, repeated: false });
    const { ending } = await ended(workflow);
    expect(ending).toEqual({ is: 'completed', output: { good: 'good', slow: 'slow', bad: 'bad' } });
    const attempts = seen.map(({ step, attempt }) => `${step} ${attempt}`).toSorted();
    expect(attempts).toEqual(['bad 1', 'bad 2', 'good 1', 'slow 1', 'slow 2']);
    expect(await command({ workflow, command: 'retry' })).toMatchObject({ ok: false, code: 'workflow.not-failed' });
  });
});
