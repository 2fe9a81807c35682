import { type Clock, type Timer } from '@braid/clock';
import {
  type Agent,
  type AttemptContext,
  nothingToRedact,
  outputTooLarge,
  type Redactor,
  resolveSecrets,
  type SecretSource,
  toFailure,
  toJson,
  Usage,
  type Work,
} from '@braid/agents';
import { type Failure } from '@braid/events';
import { type Outcome } from './outcome';
import { type ScratchFolder } from './scratch';
import { StopReason } from './stop-reason';

export type AttemptOptions = {
  readonly maxOutputBytes: number;
  readonly secrets: SecretSource;
  /** Aborted, with a {@link StopReason}, when the attempt must stop. */
  readonly signal: AbortSignal;
  readonly deadline: number;
  readonly scratch: ScratchFolder;
  readonly log: (line: string) => void;
  readonly clock: Clock;
};

/** How long an agent may take to stop after it was told to; then the attempt is over without it. */
const stopWithinMs = 3_000;

/**
 * Runs one attempt and says how it ended; undefined when it was stopped because nobody wants its outcome any more. Values of
 * secrets are nowhere in what leaves it: not in the outcome, not in the log.
 */
export async function runAttempt(agent: Agent, work: Work, options: AttemptOptions): Promise<Outcome | undefined> {
  const { signal } = options;
  let redactor: Redactor = nothingToRedact;
  const usage = new Usage();
  const used = () => (usage.amounts === undefined ? {} : { usage: usage.amounts });
  try {
    const resolved = resolveSecrets(work.input, options.secrets);
    redactor = resolved.redactor;
    const ctx: AttemptContext = {
      signal,
      // Made only for agents that ask for it.
      get scratchDir() {
        return options.scratch.path;
      },
      deadline: options.deadline,
      log: (line) => options.log(redactor.text(line)),
      heartbeat: () => undefined,
      reportUsage: (amounts) => usage.add(amounts),
    };
    const output = await untilStopped(agent.run({ ...work, input: resolved.input }, ctx), signal, options.clock);
    signal.throwIfAborted();
    const json = JSON.stringify(redactor.json(toJson(output)));
    const bytes = Buffer.byteLength(json);
    if (bytes > options.maxOutputBytes) throw outputTooLarge(`the output has ${bytes} bytes`, options.maxOutputBytes);
    return { is: 'completed', json, ...used() };
  } catch (error) {
    const reason: unknown = signal.aborted ? signal.reason : undefined;
    if (reason instanceof StopReason) return stopped(reason, used());
    const failure = toFailure(error, { retryable: agent.idempotent ?? true });
    return { is: 'failed', failure: redactor.failure(failure), ...used() };
  }
}

function stopped(reason: StopReason, used: Pick<Outcome, 'usage'>): Outcome | undefined {
  if (reason.why !== 'timeout') return undefined;
  const failure: Failure = { type: reason.name, message: reason.message, code: 'timeout', retryable: true };
  return { is: 'failed', failure, ...used };
}

/** An agent that does not stop when it is told to keeps its slot no longer than a moment. */
async function untilStopped(running: Promise<unknown>, signal: AbortSignal, clock: Clock): Promise<unknown> {
  let timer: Timer | undefined;
  let onAbort: (() => void) | undefined;
  const abandoned = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      timer = clock.after(stopWithinMs, () => reject(new Error('the agent did not stop')));
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([running, abandoned]);
  } finally {
    timer?.stop();
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
