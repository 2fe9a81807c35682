import { type Logger } from '@braid/service';
import { type FastifyReply } from 'fastify';
import { type ServerResponse } from 'node:http';

/** One server-sent event. Without `data` it only moves the client's `Last-Event-ID`. */
export type ServerSentEvent = { readonly id: string; readonly data?: unknown };

/** Proxies close connections that are silent for longer than half a minute or so. */
const heartbeatMs = 15_000;
/** How long clients wait before they connect again, in milliseconds. */
const reconnectMs = 1_000;

/** Serves server-sent events, and ends them all when the gateway stops. */
export class EventStreams {
  private readonly open = new Set<AbortController>();

  /** `stallMs`: a client that takes nothing for so many milliseconds is gone or too slow, and its connection is closed. */
  constructor(
    private readonly logger: Logger,
    private readonly stallMs: number,
  ) {}

  /** How many clients are connected. */
  get size(): number {
    return this.open.size;
  }

  /**
   * Takes over the reply and sends what `source` gives, as fast as the client reads and no faster. The signal aborts when
   * the client has gone or the gateway stops.
   */
  async serve(reply: FastifyReply, source: (signal: AbortSignal) => AsyncIterable<ServerSentEvent>): Promise<void> {
    const stop = new AbortController();
    const { raw } = reply;
    reply.hijack();
    this.open.add(stop);
    raw.once('close', () => stop.abort());
    raw.on('error', () => stop.abort());
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
    raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    raw.write(`retry: ${reconnectMs}\n\n`);
    const heartbeat = setInterval(() => {
      if (!raw.writableNeedDrain) raw.write(': still here\n\n');
    }, heartbeatMs);
    try {
      for await (const event of source(stop.signal)) {
        if (stop.signal.aborted) break;
        if (!raw.write(textOf(event)) && !(await drained(raw, stop.signal, this.stallMs))) break;
      }
    } catch (error) {
      if (!stop.signal.aborted) this.logger.warn({ error }, 'an event stream broke off');
    } finally {
      clearInterval(heartbeat);
      this.open.delete(stop);
      if (raw.writableNeedDrain) raw.destroy();
      else raw.end();
    }
  }

  /** Ends every stream; clients connect again elsewhere and go on after their last event. */
  close(): void {
    this.open.forEach((stop) => stop.abort());
  }
}

/** JSON has no line breaks of its own, so one `data` line holds it. */
function textOf({ id, data }: ServerSentEvent): string {
  return data === undefined ? `id: ${id}\n\n` : `id: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Whether the client has taken what was written, before the time was over or the signal aborted. */
function drained(raw: ServerResponse, signal: AbortSignal, stallMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const over = (taken: boolean) => {
      clearTimeout(timer);
      raw.off('drain', onDrain);
      signal.removeEventListener('abort', onAbort);
      resolve(taken);
    };
    const onDrain = () => over(true);
    const onAbort = () => over(false);
    const timer = setTimeout(onAbort, stallMs);
    raw.once('drain', onDrain);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}
