import { randomUUID } from 'node:crypto';
import { type Clock } from '@braid/clock';
import { subjects } from '@braid/contracts';
import { type Publisher } from '@braid/messaging';

/** A report as JSON text, with where it belongs. */
export type ReportText = {
  readonly partition: number;
  readonly workflow: string;
  readonly body: string;
  /** The same for a repeat, which the server drops within two minutes. */
  readonly messageId: string;
};

type Waiting = ReportText & { readonly resolve: () => void; readonly reject: (error: unknown) => void };

/** Reports of one message at most. */
const mostReports = 64;
/** Characters of one message at most, about; a report that alone has half of that travels alone. */
const mostCharacters = 262_144;

/**
 * Publishes reports. What ends in the same moment in workflows of one partition travels in one message: that is what the bus and
 * the orchestrator are paid by.
 */
export class ReportBatches {
  readonly #waiting = new Map<number, Waiting[]>();

  constructor(
    private readonly publisher: Publisher,
    private readonly clock: Clock,
  ) {}

  /**
   * Resolves when the report is stored.
   * @throws PublishError as the publisher does; of a message with several reports, for each of them.
   */
  send(report: ReportText): Promise<void> {
    if (report.body.length > mostCharacters / 2) return this.#alone(report);
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) this.clock.soon(() => this.#flush());
      const waiting = this.#waiting.get(report.partition) ?? [];
      this.#waiting.set(report.partition, waiting);
      waiting.push({ ...report, resolve, reject });
    });
  }

  #flush(): void {
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const [partition, waiting] of all) {
      for (const batch of batchesOf(waiting)) {
        this.#publish(partition, batch).then(
          () => batch.forEach(({ resolve }) => resolve()),
          (error: unknown) => batch.forEach(({ reject }) => reject(error)),
        );
      }
    }
  }

  #publish(partition: number, batch: readonly Waiting[]): Promise<void> {
    const [first] = batch;
    if (first !== undefined && batch.length === 1) return this.#alone(first);
    const body = `{"reports":[${batch.map((report) => report.body).join(',')}]}`;
    // Of this message only: the same reports may be tried again in other company.
    return this.publisher.publish(subjects.reports(partition), body, { messageId: randomUUID() });
  }

  #alone({ partition, workflow, body, messageId }: ReportText): Promise<void> {
    return this.publisher.publish(subjects.report(partition, workflow), body, { messageId });
  }
}

function batchesOf(waiting: readonly Waiting[]): readonly (readonly Waiting[])[] {
  const batches: Waiting[][] = [];
  let characters = Infinity;
  for (const report of waiting) {
    const last = batches.at(-1);
    if (last === undefined || last.length === mostReports || characters + report.body.length > mostCharacters) {
      batches.push([report]);
      characters = report.body.length;
    } else {
      last.push(report);
      characters += report.body.length;
    }
  }
  return batches;
}
