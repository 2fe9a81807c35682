import { type EventView } from '@braid/contracts';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { BraidError } from './braid-error';
import { pause } from './pause';

/** Nothing can follow these. */
const endings: ReadonlySet<string> = new Set(['WorkflowCompleted', 'WorkflowCancelled']);
const firstDelayMs = 200;
const longestDelayMs = 5_000;

/**
 * Reads server-sent events until one ends the workflow, opening the stream again where it broke off. Errors that a repeat
 * cannot help (an unknown workflow, a refused credential) are thrown.
 */
export async function* followEvents(options: {
  readonly open: (lastEventId: string | undefined, signal: AbortSignal) => Promise<Response>;
  readonly after?: number;
  readonly signal?: AbortSignal;
}): AsyncGenerator<EventView, void, undefined> {
  const closing = new AbortController();
  const signal = options.signal === undefined ? closing.signal : AbortSignal.any([closing.signal, options.signal]);
  let lastEventId = options.after === undefined ? undefined : String(options.after);
  let seen = options.after ?? 0;
  let delayMs = firstDelayMs;
  // A failure is the end where the stream ends with it: a workflow that was tried again goes on after it.
  let failed = false;
  try {
    for (;;) {
      try {
        const response = await options.open(lastEventId, signal);
        // The workflow has ended and nothing is left to come.
        if (response.status === 204) return;
        for await (const message of messagesOf(response)) {
          delayMs = firstDelayMs;
          if (message.id !== undefined) lastEventId = message.id;
          const event = eventIn(message.data);
          if (event === undefined || event.version <= seen) continue;
          seen = event.version;
          failed = event.type === 'WorkflowFailed';
          yield event;
          if (endings.has(event.type)) return;
        }
        if (failed) return;
      } catch (error) {
        if (signal.aborted || !isPassing(error)) throw error;
      }
      await pause(delayMs, signal);
      delayMs = Math.min(delayMs * 2, longestDelayMs);
    }
  } finally {
    closing.abort();
  }
}

async function* messagesOf(
  response: Response,
): AsyncGenerator<{ readonly id?: string | undefined; readonly data: string }> {
  if (response.body === null) return;
  const messages = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const message of messages) yield message;
}

/** The stream may also carry messages of other kinds, such as snapshots of the status; they are not events of the history. */
function eventIn(data: string): EventView | undefined {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return undefined;
  }
  const isEvent =
    typeof value === 'object' && value !== null && 'version' in value && 'type' in value && 'workflow' in value;
  return isEvent ? (value as EventView) : undefined;
}

/** Whether the stream may be there again later: the service is away or overloaded, or the connection broke. */
function isPassing(error: unknown): boolean {
  return !(error instanceof BraidError) || error.status === 0 || error.status === 429 || error.status >= 500;
}
