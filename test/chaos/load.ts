import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { BraidClient, BraidError } from '@braid/sdk';
import { type JsonObject } from '@braid/events';
import { type Kind } from './words';
import { type Random, random, seedOf } from './random';

/** A workflow as its caller knows it. */
export type Start = {
  readonly number: number;
  readonly kind: Kind;
  /** Its id, once the start was answered with success. */
  id?: string;
  /** Commands that were answered with success. */
  readonly told: Command[];
};

export type Command = 'signal' | 'cancel' | 'pause' | 'resume' | 'retry';
type Saying = Command | 'start' | 'get' | 'publish';
type Call<T> = (client: BraidClient, signal: AbortSignal) => Promise<T>;

/** What a client tries again: the gateway cannot be reached, is overloaded, or does not know yet. */
const worthRepeating: ReadonlySet<number> = new Set([0, 429, 502, 503, 504]);
const answerWithinMs = 25_000;
/** Callers that send what they have to say twice at once, to two gateways where there are two. */
const shareOfDoubles = 0.15;
const lookEveryMs = 1_000;

/** Callers of Braid: each starts a workflow, does what its kind asks for, and repeats what was not answered. */
export class Load {
  readonly starts: Start[] = [];
  /** Answers that a caller cannot do anything with, and how often they came. */
  readonly strange = new Map<string, number>();
  private readonly tasks = new Set<Promise<unknown>>();
  private readonly end = new AbortController();
  private readonly clients: readonly BraidClient[];
  private readonly bag: readonly [Kind, ...Kind[]];

  constructor(
    private readonly options: { readonly seed: number; readonly rate: number; readonly gateways: readonly string[] },
    private readonly kinds: readonly [Kind, ...Kind[]],
  ) {
    // One per caller that waits.
    setMaxListeners(0, this.end.signal);
    this.clients = options.gateways.map((baseUrl) => new BraidClient({ baseUrl }));
    const bag = kinds.flatMap((kind) => Array.from({ length: Math.round(kind.weight * 10) }, () => kind));
    this.bag = [kinds[0], ...bag];
  }

  /** Callers that still wait for an answer, or have something to tell their workflow. */
  get busy(): number {
    return this.tasks.size;
  }

  get accepted(): readonly Start[] {
    return this.starts.filter(({ id }) => id !== undefined);
  }

  /** Publishes what is run as children. */
  async prepare(playbooks: readonly JsonObject[]): Promise<void> {
    const draw = random(seedOf(this.options.seed, 'publish'));
    for (const playbook of playbooks)
      await this.patiently('publish', draw, (client, signal) => client.publish(playbook, { signal }));
  }

  /** Starts workflows at the rate until it is over. */
  async run(isOver: () => boolean): Promise<void> {
    for (let next = performance.now(); !isOver(); next += 1_000 / this.options.rate) {
      await sleep(Math.max(0, next - performance.now()));
      const task: Promise<unknown> = this.call(this.starts.length, this.pickKind(this.starts.length)).finally(() =>
        this.tasks.delete(task),
      );
      this.tasks.add(task);
    }
  }

  /** Starts so many workflows of the first kind and waits until all of them have ended, or callers give up. */
  async probe(count: number): Promise<void> {
    const [first] = this.kinds;
    const one = async () => {
      const { number, id } = await this.call(this.starts.length, first);
      if (id !== undefined) await this.endOf(id, random(seedOf(this.options.seed, `probe ${number}`)));
    };
    await Promise.all(Array.from({ length: count }, one));
  }

  /** Callers give up: what has no answer by now will never have one. */
  async giveUp(): Promise<void> {
    this.end.abort();
    await Promise.all(this.tasks);
  }

  private pickKind(number: number): Kind {
    return random(seedOf(this.options.seed, `kind ${number}`)).pick(this.bag);
  }

  private async call(number: number, kind: Kind): Promise<Start> {
    const draw = random(seedOf(this.options.seed, `start ${number}`));
    const start: Start = { number, kind, told: [] };
    this.starts.push(start);
    const { name, steps, budget } = kind;
    const request = {
      playbook: { name: `chaos-${name}`, steps },
      ...(budget === undefined ? {} : { budget }),
      context: { chaos: number },
      ...(kind.executionMode === undefined ? {} : { executionMode: kind.executionMode }),
    };
    const key = `chaos-${this.options.seed}-${number}`;
    const double = draw.next() < shareOfDoubles;
    const workflow = await this.told('start', draw, double, (client, signal) =>
      client.start(request, { idempotencyKey: key, signal }),
    );
    if (workflow === undefined) return start;
    start.id = workflow.id;
    await this.follow(start, workflow.id, draw);
    return start;
  }

  /** Some callers do not wait for an answer before they repeat themselves. */
  private async told<T>(what: Saying, draw: Random, double: boolean, run: Call<T>): Promise<T | undefined> {
    if (!double) return this.patiently(what, draw, run);
    const again = random(draw.whole(0, 2 ** 31));
    const [first, second] = await Promise.all([this.patiently(what, draw, run), this.patiently(what, again, run)]);
    return first ?? second;
  }

  /** How a workflow has ended; undefined when callers gave up before. */
  private async endOf(id: string, draw: Random): Promise<string | undefined> {
    while (!this.end.signal.aborted) {
      const workflow = await this.patiently('get', draw, (client, signal) => client.get(id, { signal }));
      if (workflow === undefined) return undefined;
      if (workflow.status !== 'running' && workflow.status !== 'paused') return workflow.status;
      await sleep(lookEveryMs, undefined, { signal: this.end.signal }).catch(() => undefined);
    }
    return undefined;
  }

  private async follow(start: Start, id: string, draw: Random): Promise<void> {
    const tell = async (what: Command, run: Call<unknown>) => {
      await sleep(draw.whole(0, 3_000), undefined, { signal: this.end.signal }).catch(() => undefined);
      const double = draw.next() < shareOfDoubles;
      if ((await this.told(what, draw, double, run)) !== undefined) start.told.push(what);
    };
    const signalled = (n: number, double: boolean) =>
      this.told('signal', draw, double, (client, signal) =>
        client.signal(id, 'go', { n }, { idempotencyKey: `go-${n}-${id}`, signal }),
      );
    switch (start.kind.sequel) {
      case undefined:
      case 'nothing':
        return;
      case 'signal':
        return tell('signal', (client, signal) =>
          client.signal(id, 'go', { n: 1 }, { idempotencyKey: `go-1-${id}`, signal }),
        );
      case 'two signals':
        // Each comes twice at once; the second one only when the first one is on record.
        if ((await signalled(1, true)) === undefined) return;
        start.told.push('signal');
        await sleep(draw.whole(0, 1_000));
        if ((await signalled(2, true)) !== undefined) start.told.push('signal');
        return;
      case 'cancel':
        return tell('cancel', (client, signal) =>
          client.cancel(id, { reason: 'chaos', idempotencyKey: `cancel-${id}`, signal }),
        );
      case 'undo':
        return tell('cancel', (client, signal) =>
          client.cancel(id, { compensate: true, idempotencyKey: `cancel-${id}`, signal }),
        );
      case 'pause':
        await tell('pause', (client, signal) => client.pause(id, { idempotencyKey: `pause-${id}`, signal }));
        return tell('resume', (client, signal) => client.resume(id, { idempotencyKey: `resume-${id}`, signal }));
      case 'retry':
        if ((await this.endOf(id, draw)) !== 'failed') return;
        return tell('retry', (client, signal) => client.retry(id, { idempotencyKey: `retry-${id}`, signal }));
    }
  }

  /** Undefined when nobody answered until the end, or the answer was a refusal. */
  private async patiently<T>(what: Saying, draw: Random, run: Call<T>): Promise<T | undefined> {
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
