import { type Clock, sleep } from '@braid/clock';
import { type ReportMessage, type WorkMessage } from '@braid/contracts';
import { type Failure } from '@braid/events';
import { PublishError, type Publisher } from '@braid/messaging';
import { type Logger } from '@braid/service';
import { type Outcome } from './outcome';
import { ReportBatches } from './report-batches';

export type Reported = {
  readonly work: WorkMessage;
  readonly outcome: Outcome;
  /** By this runner's clock, milliseconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
};

const firstRetryMs = 200;
const longestRetryMs = 10_000;

/** Tells the orchestrator how attempts ended. */
export class Reporter {
  readonly #batches: ReportBatches;
  #closed = false;

  constructor(
    publisher: Publisher,
    private readonly runner: string,
    private readonly logger: Logger,
    private readonly clock: Clock,
  ) {
    this.#batches = new ReportBatches(publisher, clock);
  }

  /** Resolves with true when the report is stored, and with false when the runner ended before. Never gives up before. */
  async report(reported: Reported): Promise<boolean> {
    let body = bodyOf(reported, this.runner);
    const { workflow, partition, branch, step, attempt } = reported.work;
    // The moment of the start makes the id that of this run: a report of an earlier run that was lost must not swallow it.
    const messageId = [workflow, branch, step, attempt, this.runner, reported.startedAt].join('/');
    for (let waitMs = firstRetryMs; ; waitMs = Math.min(waitMs * 2, longestRetryMs)) {
      if (this.#closed) return false;
      try {
        await this.#batches.send({ partition, workflow, body, messageId });
        return true;
      } catch (error) {
        const code = error instanceof PublishError ? error.code : undefined;
        if (code === 'closed') return false;
        if (code === 'too-large' && reported.outcome.is === 'completed') {
          reported = {
            ...reported,
            outcome: { ...usageOf(reported.outcome), is: 'failed', failure: tooLarge(Buffer.byteLength(body)) },
          };
          body = bodyOf(reported, this.runner);
          continue;
        }
        this.logger.warn({ error, workflow, branch, step, attempt }, 'a report could not be sent; trying again');
        await sleep(this.clock, waitMs);
      }
    }
  }

  /** Reports that are being tried again give up; their work comes back from the queue. */
  close(): void {
    this.#closed = true;
  }
}

/** The output is JSON text already, so it is put into the text of the report instead of being read and written again. */
function bodyOf({ work, outcome, startedAt, endedAt }: Reported, runner: string): string {
  const { workflow, branch, step, attempt, token } = work;
  const { usage } = outcome;
  const common = { workflow, branch, step, attempt, token, runner, startedAt, endedAt, ...(usage && { usage }) };
  switch (outcome.is) {
    case 'completed':
      return `${JSON.stringify({ ...common, type: 'BranchCompleted' }).slice(0, -1)},"output":${outcome.json}}`;
    case 'failed': {
      const failure: Failure = {
        ...outcome.failure,
        ...{ branch, step, attempt, agent: work.agent, runner, at: endedAt },
      };
      return JSON.stringify({ ...common, type: 'BranchFailed', failure } satisfies ReportMessage);
    }
  }
}

function usageOf({ usage }: Outcome) {
  return usage === undefined ? {} : { usage };
}

function tooLarge(bytes: number): Failure {
  return {
    type: 'OutputTooLarge',
    message: `the report has ${bytes} bytes, more than can be sent; lower BRAID_MAX_OUTPUT_BYTES`,
    code: 'limit',
    retryable: false,
  };
}
