import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { BraidClient, BraidError } from '@braid/sdk';
import { type Kind } from './playbooks';
import { type Random, random, seedOf } from './random';

/** A workflow as its caller knows it. */
export type Start = {
  readonly number: number;
  readonly kind: Kind;
  /** Its id, once the start was answered with success. */
  id?: string;
  /** Commands that were answered with success. */
  readonly told: ('signal' | 'cancel' | 'pause' | 'resume')[];
};

/** What a client tries again: the gateway cannot be reached, is overloaded, or does not know yet. */
const worthRepeating: ReadonlySet<number> = new Set([0, 429, 502, 503, 504]);
const answerWithinMs = 25_000;

/** Callers of Braid: each starts a workflow, does what its kind asks for, and repeats what was not answered. */
export class Load {
  readonly starts: Start[] = [];
  /** Answers that a caller cannot do anything with, and how often they came. */
  readonly strange = new Map<string, number>();
  private readonly tasks = new Set<Promise<void>>();
  private readonly end = new AbortController();
  private readonly clients: readonly BraidClient[];
  private readonly bag: readonly Kind[];

  constructor(
    private readonly options: { readonly seed: number; readonly rate: number; readonly gateways: readonly string[] },
    kinds: readonly Kind[],
  ) {
    // One per caller that waits.
    setMaxListeners(0, this.end.signal);
    this.clients = options.gateways.map((baseUrl) => new BraidClient({ baseUrl }));
    this.bag = kinds.flatMap((kind) => Array.from({ length: Math.round(kind.weight * 10) }, () => kind));
  }

  /** Callers that still wait for an answer, or have something to tell their workflow. */
  get busy(): number {
    return this.tasks.size;
  }

  get accepted(): readonly Start[] {
    return this.starts.filter(({ id }) => id !== undefined);
  }

  /** Starts workflows at the rate until the time is over. */
  async run(ms: number): Promise<void> {
    const end = performance.now() + ms;
    for (let next = performance.now(); next < end; next += 1_000 / this.options.rate) {
      await sleep(Math.max(0, next - performance.now()));
      const task = this.call(this.starts.length).finally(() => this.tasks.delete(task));
      this.tasks.add(task);
    }
  }

  /** Callers give up: what has no answer by now will never have one. */
  async giveUp(): Promise<void> {
    this.end.abort();
    await Promise.all(this.tasks);
  }

  private async call(number: number): Promise<void> {
    const draw = random(seedOf(this.options.seed, `start ${number}`));
    const [first] = this.bag;
    if (first === undefined) return;
    const kind = draw.pick([first, ...this.bag.slice(1)]);
    const start: Start = { number, kind, told: [] };
    this.starts.push(start);
    const request = {
      playbook: { name: `chaos-${kind.name}`, steps: kind.steps },
      context: { chaos: number },
      ...(kind.executionMode === undefined ? {} : { executionMode: kind.executionMode }),
    };
    const key = `chaos-${this.options.seed}-${number}`;
    const workflow = await this.patiently('start', draw, (client, signal) =>
      client.start(request, { idempotencyKey: key, signal }),
    );
    if (workflow === undefined) return;
    start.id = workflow.id;
    await this.follow(start, workflow.id, draw);
  }

  private async follow(start: Start, id: string, draw: Random): Promise<void> {
    const tell = async (
      what: Start['told'][number],
      run: (client: BraidClient, signal: AbortSignal) => Promise<unknown>,
    ) => {
      await sleep(draw.whole(0, 3_000), undefined, { signal: this.end.signal }).catch(() => undefined);
      if ((await this.patiently(what, draw, run)) !== undefined) start.told.push(what);
    };
    switch (start.kind.sequel) {
      case undefined:
      case 'nothing':
        return;
      case 'signal':
        return tell('signal', (client, signal) =>
          client.signal(id, 'go', { by: 'chaos' }, { idempotencyKey: `go-${id}`, signal }),
        );
      case 'cancel':
        return tell('cancel', (client, signal) =>
          client.cancel(id, { reason: 'chaos', idempotencyKey: `cancel-${id}`, signal }),
        );
      case 'pause':
        await tell('pause', (client, signal) => client.pause(id, { idempotencyKey: `pause-${id}`, signal }));
        return tell('resume', (client, signal) => client.resume(id, { idempotencyKey: `resume-${id}`, signal }));
    }
  }

  /** Undefined when nobody answered until the end, or the answer was a refusal. */
  private async patiently<T>(
    what: string,
    draw: Random,
    run: (client: BraidClient, signal: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> {
    for (let turn = draw.whole(0, this.clients.length - 1); !this.end.signal.aborted; turn++) {
      const client = this.clients[turn % this.clients.length];
      if (client === undefined) return undefined;
      const limit = AbortSignal.any([this.end.signal, AbortSignal.timeout(answerWithinMs)]);
      try {
        return await run(client, limit);
      } catch (error) {
        // A workflow may end before its caller has told it something.
        if (error instanceof BraidError && error.code === 'workflow.closed' && what !== 'start') return undefined;
        const again = error instanceof BraidError ? worthRepeating.has(error.status) : limit.aborted;
        if (!again) {
          const answer =
            error instanceof BraidError ? `${error.status} ${error.code}: ${error.message}` : String(error);
          this.strange.set(`${what}: ${answer}`, (this.strange.get(`${what}: ${answer}`) ?? 0) + 1);
          return undefined;
        }
        const pause = error instanceof BraidError ? (error.retryAfter ?? 300) : 300;
        await sleep(Math.min(pause, 2_000) + draw.whole(0, 300), undefined, { signal: this.end.signal }).catch(
          () => undefined,
        );
      }
    }
    return undefined;
  }
}
