import { Backoff } from '../backoff';
import { InvalidAppendError, StoreUnavailableError } from '../errors';
import { type AppendOutcome, type PartitionAppend } from '../event-store';
import { AppendConnection } from './append-connection';
import {
  appendedStatement,
  appendedValues,
  appendStatement,
  appendValues,
  encodeBatch,
  type EncodedBatch,
  type PartitionState,
} from './encoded-batch';
import { classify } from './failures';

const readStates = {
  name: 'braid.states',
  text: 'select p, epoch, seq, commits from braid.partition where p = any ($1)',
};

/** A try that was refused, and that cannot succeed with the states it was built on. */
type Refusal = readonly { readonly refused: number; readonly fenced: boolean }[];

/**
 * Appends, and finds out what became of an append whose connection broke.
 *
 * Every statement names, per partition, the epoch and the number of commits that it builds on, and the server refuses it
 * unless both are so. Both only ever grow. So of all copies of one append that are under way, in old backends or new ones,
 * at most one is committed, and sending it again is safe:
 *
 * - The copy is accepted: every other copy, even one that an old backend has not begun yet, will be refused from now on.
 * - The copy is refused: what refuses it is there for good and will refuse every other copy too. A copy that was running
 *   held the row locks, so it ended before the refusal was given. Reading whether the events are in the log under this
 *   epoch then gives an answer that cannot change any more. Only this writer writes under this epoch, and it has one
 *   append under way, so a commit under it is its own, at the positions that this statement asked for.
 *
 * An append without events writes only rows that are the same each time; refused for its count, it is built anew.
 */
export class Appender {
  readonly #connection: AppendConnection;
  readonly #states = new Map<number, PartitionState>();
  readonly #patienceMs: number;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: { readonly url: string; readonly patienceMs: number; readonly statementTimeoutMs: number }) {
    this.#connection = new AppendConnection(options.url, options.statementTimeoutMs);
    this.#patienceMs = options.patienceMs;
  }

  /** One at a time, in the order of the calls. */
  append(batch: readonly PartitionAppend[]): Promise<AppendOutcome> {
    const encoded = encodeBatch(batch);
    const run = this.#last.then(() => this.#appendPatiently(encoded));
    this.#last = run.catch(() => undefined);
    return run;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
    await this.#connection.close();
  }

  async #appendPatiently(batch: EncodedBatch): Promise<AppendOutcome> {
    const deadline = performance.now() + this.#patienceMs;
    const backoff = new Backoff();
    let sent = false;
    for (;;) {
      try {
        if (this.#closed) {
          throw new StoreUnavailableError(sent ? 'unknown' : 'not-written', { cause: 'the store is closed' });
        }
        const states = await this.#statesOf(batch);
        await this.#connection.open();
        sent = true;
        const outcome = await this.#send(batch, states);
        if (outcome !== undefined) {
          return outcome;
        }
      } catch (error) {
        const outcome = this.#judge(error);
        if (outcome !== undefined) {
          return outcome;
        }
        if (performance.now() > deadline) {
          throw new StoreUnavailableError(sent ? 'unknown' : 'not-written', { cause: error });
        }
        await backoff.wait();
      }
    }
  }

  /** The outcome that an error means; undefined when another try may help. */
  #judge(error: unknown): AppendOutcome | undefined {
    if (error instanceof StoreUnavailableError) {
      throw error;
    }
    const failure = classify(error);
    switch (failure) {
      case 'duplicate':
        return { kind: 'conflict', message: describe(error) };
      case 'invalid':
        throw new InvalidAppendError(`The event store refuses a value: ${describe(error)}`, { cause: error });
      case 'bug':
        throw error;
      case 'disconnected':
        this.#connection.drop();
        return undefined;
      case 'refused-for-now':
        return undefined;
    }
  }

  /** Where the partitions stand under the epochs of the batch; read when this is the first append under an epoch. */
  async #statesOf(batch: EncodedBatch): Promise<PartitionState[]> {
    const missing = batch.partitions.filter((p, index) => this.#states.get(p)?.epoch !== batch.epochs[index]);
    if (missing.length > 0) {
      const rows = await this.#connection.query<PartitionState & { readonly p: number }>(readStates, [missing]);
      for (const { p, epoch, seq, commits } of rows) {
        this.#states.set(p, { epoch, seq, commits });
      }
    }
    return batch.partitions.map((p, index) => {
      const epoch = batch.epochs[index] ?? 0;
      const state = this.#states.get(p);
      // Under another epoch nothing is known, and nothing needs to be: the server will name all that are fenced.
      return state?.epoch === epoch ? state : { epoch, seq: 0, commits: -1 };
    });
  }

  /** One try. Undefined means that it has to be built on newer states. */
  async #send(batch: EncodedBatch, states: readonly PartitionState[]): Promise<AppendOutcome | undefined> {
    const refusal: Refusal = await this.#connection.query(appendStatement, appendValues(batch, states));
    if (refusal.length === 0 || (batch.events > 0 && (await this.#written(batch)))) {
      return { kind: 'committed', positions: this.#advance(batch, states) };
    }
    for (const { refused } of refusal) {
      this.#states.delete(refused);
    }
    const fenced = refusal.filter((line) => line.fenced).map((line) => line.refused);
    if (fenced.length > 0) {
      return { kind: 'fenced', partitions: fenced };
    }
    if (batch.events === 0) {
      return undefined;
    }
    const partitions = refusal.map((line) => line.refused).join(', ');
    return { kind: 'conflict', message: `Something else was appended to partition ${partitions} under the same epoch` };
  }

  async #written(batch: EncodedBatch): Promise<boolean> {
    const rows = await this.#connection.query<{ written: boolean }>(appendedStatement, appendedValues(batch));
    return rows[0]?.written === true;
  }

  #advance(batch: EncodedBatch, states: readonly PartitionState[]): Map<number, number> {
    const positions = new Map<number, number>();
    for (const [index, state] of states.entries()) {
      const p = batch.partitions[index] ?? 0;
      const seq = state.seq + (batch.counts[index] ?? 0);
      this.#states.set(p, { epoch: state.epoch, seq, commits: state.commits + 1 });
      positions.set(p, seq);
    }
    return positions;
  }
}

function describe(error: unknown): string {
  if (error instanceof Error) {
    const detail = 'detail' in error && typeof error.detail === 'string' ? `: ${error.detail}` : '';
    return error.message + detail;
  }
  return String(error);
}
