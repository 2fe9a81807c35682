import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type BraidCloudEvent } from '@braid/contracts';
import { agent, graphOf } from '@braid/testing';
import {
  ended,
  history,
  start,
  startOrchestrator,
  startRunner,
  threeBranches,
  until,
  useServers,
} from '../../test/rig';

describe('retention', () => {
  useServers();

  it('removes finished workflows by age when their history is archived, and leaves the open ones', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'braid-archive-'));
    const first = await startOrchestrator('o1');
    startRunner('echo');
    const open = await start(graphOf([agent('x', { agent: 'nobody' })]));
    const finished = await Promise.all(Array.from({ length: 12 }, () => start(threeBranches)));
    const kept = new Map<string, readonly { readonly type: string; readonly version: number }[]>();
    for (const { workflow } of finished) {
      await ended(workflow);
      kept.set(workflow, await history(workflow));
    }
    await first.stop();
    await startOrchestrator('o2', undefined, { BRAID_RETENTION: 1, BRAID_ARCHIVE_DIR: folder });
    for (const { workflow } of finished) {
      await until(async () => ((await history(workflow)).length === 0 ? true : undefined));
    }
    expect(await history(open.workflow)).not.toEqual([]);
    const [month = ''] = await readdir(folder);
    expect((await readdir(join(folder, month))).toSorted()).toEqual(
      [...kept.keys()].map((id) => `${id}.jsonl`).toSorted(),
    );
    for (const [workflow, expected] of kept) {
      const text = await readFile(join(folder, month, `${workflow}.jsonl`), 'utf8');
      const lines = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as BraidCloudEvent);
      expect(lines.map(({ id, type }) => [id, type])).toEqual(
        expected.map(({ type, version }) => [`${workflow}:${version}`, `io.braid.workflow.${type}.v1`]),
      );
    }
    await rm(folder, { recursive: true });
  });
});
