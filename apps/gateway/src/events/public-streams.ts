import { type EventView } from '@braid/contracts';
import { type EventStore } from '@braid/event-store';
import { isOpen } from '@braid/workflow';
import { type Signals } from '../bus/signals';
import { parameterProblem } from '../problems/parameter-problem';
import { eventView } from '../workflows/event-view';
import { largestVersion } from '../workflows/largest-version';
import { type WorkflowReader } from '../workflows/workflow-reader';
import { type Feed } from './feed';
import { readCursor, writeCursor } from './feed-cursor';
import { followWorkflow } from './workflow-stream';

/** `data` is absent where a reader only learns that it has come further. `id` is what it goes on after. */
type StreamMessage = { readonly id: string; readonly data?: EventView };

type Source = (signal: AbortSignal) => AsyncIterable<StreamMessage>;

/** The lists are names separated by commas; none: all. */
export type FeedRequest = {
  readonly after?: string;
  readonly type?: string;
  readonly playbook?: string;
  readonly workflow?: string;
};

/** What is open to be followed, with everything that can be refused refused before the first byte is sent. */
export class PublicStreams {
  constructor(
    private readonly source: { readonly store: EventStore; readonly signals: Signals; readonly pollMs: number },
    private readonly reader: WorkflowReader,
    private readonly feed: Feed,
    private readonly partitions: number,
  ) {}

  /**
   * The events of a workflow after `lastEventId`, else after `after`; undefined when it has ended and nothing is left.
   * @throws Problem `workflow.not-found`, `request.invalid`.
   */
  async ofWorkflow(workflow: string, lastEventId: string | undefined, after: number): Promise<Source | undefined> {
    const from = lastEventId === undefined ? after : versionOf(lastEventId);
    const over = await this.reader.read(workflow, (state) => !isOpen(state) && from >= state.version);
    if (over) return undefined;
    const { source } = this;
    return async function* (signal) {
      for await (const event of followWorkflow(source, workflow, from, signal)) {
        yield { id: String(event.version), data: eventView(event) };
      }
    };
  }

  /** @throws Problem `request.invalid` */
  async ofAll(request: FeedRequest, lastEventId: string | undefined): Promise<Source> {
    const cursor = lastEventId ?? request.after;
    const after = cursor === undefined ? await this.feed.end() : readCursor(cursor, this.partitions);
    if (after === undefined) {
      const name = lastEventId === undefined ? 'after' : 'Last-Event-ID';
      throw parameterProblem(name, 'must be the id of a message of this feed, or 0 for the beginning');
    }
    const filter = {
      types: namesIn(request.type),
      playbooks: namesIn(request.playbook),
      workflows: namesIn(request.workflow),
    };
    const { feed } = this;
    return async function* (signal) {
      // The client may be cut off before the first event: it then knows where the feed began for it.
      yield { id: writeCursor(after) };
      for await (const { event, positions } of feed.follow(after, filter, signal)) {
        yield { id: writeCursor(positions), ...(event === undefined ? {} : { data: eventView(event) }) };
      }
    };
  }
}

function versionOf(lastEventId: string): number {
  if (/^\d{1,10}$/.test(lastEventId) && Number(lastEventId) <= largestVersion) return Number(lastEventId);
  throw parameterProblem('Last-Event-ID', 'must be the version of an event of this workflow');
}

function namesIn(list: string | undefined): ReadonlySet<string> {
  const names = (list ?? '').split(',').map((name) => name.trim());
  return new Set(names.filter((name) => name !== ''));
}
