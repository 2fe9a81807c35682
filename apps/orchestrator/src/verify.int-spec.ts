import { verify, type VerifyReport } from '@braid/history';
import { agent, graphOf, map } from '@braid/testing';
import { describe, expect, it } from '@jest/globals';
import { ended, events, start, startOrchestrator, startRunner, threeBranches, until, useServers } from '../test/rig';

const checked = ({ checks }: VerifyReport, name: string) => checks.find((check) => check.name === name)?.checked ?? 0;

describe('verify', () => {
  useServers();

  // Seen to fail when lines of the list are compared with the end of a history instead of their own version.
  it('reports nothing of workflows that move, begin, end and are removed while it reads', async () => {
    await startOrchestrator('o1', undefined, { BRAID_RETENTION: 200 });
    startRunner('echo');
    let begun = 0;
    let isLoading = true;
    const wide = graphOf([
      map(
        'all',
        Array.from({ length: 300 }, (_, n) => n),
        [agent('one', { agent: 'echo' })],
      ),
    ]);
    const load = (async () => {
      while (isLoading) {
        await Promise.all([start(threeBranches), start(begun % 5 === 0 ? wide : threeBranches)]);
        begun += 2;
      }
    })();
    const reports: VerifyReport[] = [];
    while (reports.length < 30 || begun < 200) reports.push(await verify(events));
    isLoading = false;
    await load;
    // What lags for a moment on a busy machine was due; nothing else may differ.
    expect(reports.flatMap(({ faults }) => faults).filter(({ check }) => check !== 'orphans')).toEqual([]);
    expect(Math.max(...reports.map((report) => checked(report, 'snapshots')))).toBeGreaterThan(0);
    const last = await until(async () => {
      const report = await verify(events);
      return checked(report, 'history') === 0 ? report : undefined;
    }, 40_000);
    expect(last).toMatchObject({ ok: true, faults: [] });
    expect(checked(last, 'positions')).toBeGreaterThan(begun);
    const { workflow } = await start(threeBranches);
    await ended(workflow);
  }, 120_000);
});
