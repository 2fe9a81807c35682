import { createWriteStream } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { toCloudEvent } from '@braid/contracts';
import { type EventStore } from '@braid/event-store';

const page = 1_000;

/**
 * Writes the history of a workflow as a file of its own below `folder`, `<year>-<month>/<id>.jsonl`: one CloudEvent a line, as
 * subscribers got them. It has its name only when all of it is on disk.
 */
export async function archive(
  store: Pick<EventStore, 'readStream'>,
  workflow: string,
  folder: string,
): Promise<string | undefined> {
  const [first] = await store.readStream(workflow, { limit: 1 });
  if (first?.type !== 'WorkflowStarted') return undefined;
  const month = join(folder, new Date(first.at).toISOString().slice(0, 7));
  await mkdir(month, { recursive: true });
  const path = join(month, `${encodeURIComponent(workflow)}.jsonl`);
  const unfinished = `${path}.partial`;
  await pipeline(
    Readable.from(lines(store, workflow, first.data.playbook.name)),
    createWriteStream(unfinished, { flush: true }),
  );
  await rename(unfinished, path);
  await sync(month);
  return path;
}

async function* lines(
  store: Pick<EventStore, 'readStream'>,
  workflow: string,
  playbook: string,
): AsyncGenerator<string> {
  for (let afterVersion = 0; ;) {
    const events = await store.readStream(workflow, { afterVersion, limit: page });
    for (const event of events) yield `${JSON.stringify(toCloudEvent(event, playbook))}\n`;
    const last = events.at(-1);
    if (last === undefined || events.length < page) return;
    afterVersion = last.version;
  }
}

/** A file's name is on disk when its folder is. */
async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
