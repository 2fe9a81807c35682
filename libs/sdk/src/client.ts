import {
  type ConvergencePreviewView,
  type EventView,
  type GraphView,
  type PlaybookProblem,
  type WorkflowStatus,
  type WorkflowSummary,
  type WorkflowView,
} from '@braid/contracts';
import { type Amounts, type ExecutionMode, type Json, type JsonObject } from '@braid/events';
import { BraidError, errorOf } from './braid-error';
import { followEvents } from './event-stream';
import { patiently, type Patience } from './patience';
import { type DeadLetterView, type RunnerView, type ServingView } from './operations';

export type BraidClientOptions = {
  /** Address of a gateway; `http://127.0.0.1:3000` unless said otherwise. */
  readonly baseUrl?: string;
  /** Sent with every request, for example `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetch?: typeof fetch;
  /**
   * A request that the service refuses for now is sent again after the time that `Retry-After` names, until so many
   * milliseconds have passed; 30 000 unless told otherwise, 0: never. What could be done twice is not repeated, unless it has
   * an idempotency key or the refusal says that nothing was done.
   */
  readonly patienceMs?: number;
  /** Hears of each refusal that is answered by waiting so many milliseconds. */
  readonly onWait?: (refusal: BraidError, waitMs: number) => void;
};

const usualPatienceMs = 30_000;

/** `name`, `name@version`, the playbook's YAML text, or the playbook itself. */
export type PlaybookInput = string | JsonObject;

export type StartRequest = {
  readonly playbook: PlaybookInput;
  readonly variables?: JsonObject;
  readonly context?: JsonObject;
  readonly executionMode?: ExecutionMode;
  /** What all attempts of this run may use at most, by unit; it narrows the budget of the playbook and never widens it. */
  readonly budget?: Amounts;
};

/** A published version of a playbook; `problems` are warnings. */
export type Publication = {
  readonly name: string;
  readonly version: string;
  readonly publishedAt: string;
  readonly digest: string;
  readonly problems: readonly PlaybookProblem[];
};

type Call = { readonly signal?: AbortSignal };

/** `reason` is kept on record. The same `idempotencyKey` again is the same command, so that it may be repeated safely. */
type Reasoned = Call & { readonly reason?: string; readonly idempotencyKey?: string };

type Sending = Call & {
  readonly body?: Json | StartRequest;
  /** A body that is JSON whatever it is, texts too. */
  readonly json?: Json;
  readonly headers?: Readonly<Record<string, string>>;
};

/** A typed client of Braid's HTTP API. Every method throws {@link BraidError} when the service refuses or cannot be reached. */
export class BraidClient {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fetch: typeof fetch;
  readonly #patience: Patience;

  constructor(options: BraidClientOptions = {}) {
    this.#base = (options.baseUrl ?? 'http://127.0.0.1:3000').replace(/\/+$/, '');
    this.#headers = options.headers ?? {};
    this.#fetch = options.fetch ?? fetch;
    this.#patience = { patienceMs: options.patienceMs ?? usualPatienceMs, onWait: options.onWait };
  }

  /**
   * Starts a workflow. The same `idempotencyKey` with the same request is the same workflow, so a start may be repeated safely.
   * With `wait` (a duration such as `30s`) the answer comes when the workflow has ended or the time is over.
   */
  start(
    request: StartRequest,
    options: Call & { readonly wait?: string; readonly idempotencyKey?: string } = {},
  ): Promise<WorkflowView> {
    const headers: Record<string, string> =
      options.idempotencyKey === undefined ? {} : { 'idempotency-key': options.idempotencyKey };
    return this.#call('POST', this.#url('/workflows', { wait: options.wait }), { body: request, headers, ...options });
  }

  /** A workflow as it stands, or as it stood at `version`. */
  get(id: string, options: Call & { readonly version?: number } = {}): Promise<WorkflowView> {
    return this.#call('GET', this.#url(`/workflows/${encodeURIComponent(id)}`, { version: options.version }), options);
  }

  /** One page of workflows, newest first; `next` is the cursor of the following page. */
  list(
    query: {
      readonly status?: WorkflowStatus;
      readonly playbook?: string;
      readonly agent?: string;
      readonly q?: string;
      readonly from?: string;
      readonly to?: string;
      readonly cursor?: string;
      readonly limit?: number;
    } = {},
    options: Call = {},
  ): Promise<{ readonly workflows: readonly WorkflowSummary[]; readonly next?: string }> {
    return this.#call('GET', this.#url('/workflows', query), options);
  }

  /** One page of a history, after the event `after` (a version; 0: from the start); `next` continues it. */
  events(
    id: string,
    options: Call & { readonly after?: number; readonly limit?: number } = {},
  ): Promise<{ readonly events: readonly EventView[]; readonly next?: number }> {
    const query = { after: options.after, limit: options.limit };
    return this.#call('GET', this.#url(`/workflows/${encodeURIComponent(id)}/events`, query), options);
  }

  /** The nodes and edges of a workflow with their status. */
  graph(id: string, options: Call = {}): Promise<GraphView> {
    return this.#call('GET', this.#url(`/workflows/${encodeURIComponent(id)}/graph`), options);
  }

  /** A workflow as text that tools draw, with its status. */
  async picture(
    id: string,
    format: 'mermaid' | 'dot',
    options: Call & { readonly version?: number } = {},
  ): Promise<string> {
    const query = { format, version: options.version };
    const response = await this.#send('GET', this.#url(`/workflows/${encodeURIComponent(id)}/graph`, query), {
      headers: { accept: '*/*' },
      ...options,
    });
    return response.text();
  }

  /**
   * Cancels a workflow; branches that run are stopped. With `compensate` the steps that have completed are undone before it
   * ends; without, a workflow that is undoing its steps stops doing so.
   */
  cancel(id: string, options: Reasoned & { readonly compensate?: boolean } = {}): Promise<WorkflowView> {
    const { compensate, ...rest } = options;
    return this.#tell(id, 'cancel', rest, compensate === undefined ? {} : { compensate });
  }

  /** Pauses a workflow: nothing new is started until it is resumed. */
  pause(id: string, options: Reasoned = {}): Promise<WorkflowView> {
    return this.#tell(id, 'pause', options);
  }

  /** Lets a paused workflow go on. */
  resume(id: string, options: Reasoned = {}): Promise<WorkflowView> {
    return this.#tell(id, 'resume', options);
  }

  /**
   * Lets a failed workflow go on where it failed, with fresh retry policies. `budget` is what it may use from now on, in all,
   * in the units that it names: one whose budget was used up needs a larger one.
   */
  retry(id: string, { budget, ...options }: Reasoned & { readonly budget?: Amounts } = {}): Promise<WorkflowView> {
    return this.#tell(id, 'retry', options, budget === undefined ? {} : { budget });
  }

  /**
   * Sends a signal to a workflow; one that no step waits for yet is kept. The same `idempotencyKey` again is the same signal
   * and counts once, so that it may be repeated safely.
   */
  signal(
    id: string,
    name: string,
    payload: Json = null,
    options: Call & { readonly idempotencyKey?: string } = {},
  ): Promise<WorkflowView> {
    const { idempotencyKey, ...rest } = options;
    const headers: Record<string, string> = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
    const url = this.#url(`/workflows/${encodeURIComponent(id)}/signals/${encodeURIComponent(name)}`);
    return this.#call('POST', url, { json: payload, headers, ...rest });
  }

  /**
   * What a fork would have decided by another strategy, going by the results on record. Nothing is run and nothing changes.
   * `converge` has the fields of a playbook's `converge`; `branch` is the path of the branch that forked, `root` unless given.
   */
  previewConvergence(
    id: string,
    fork: { readonly step: string; readonly branch?: string },
    converge: JsonObject & { readonly strategy: string },
    options: Call = {},
  ): Promise<ConvergencePreviewView> {
    const { step, branch } = fork;
    const body: JsonObject = { ...converge, step, ...(branch === undefined ? {} : { branch }) };
    return this.#call('POST', this.#url(`/workflows/${encodeURIComponent(id)}/convergence/preview`), {
      body,
      ...options,
    });
  }

  /** All problems of a playbook at once; none of severity `error` means that it can run. */
  validate(
    playbook: PlaybookInput,
    options: Call = {},
  ): Promise<{ readonly valid: boolean; readonly problems: readonly PlaybookProblem[] }> {
    return this.#call('POST', this.#url('/playbooks/validate'), { body: playbook, ...options });
  }

  /** Publishes a version of a playbook; it never changes afterwards. */
  publish(playbook: PlaybookInput, options: Call = {}): Promise<Publication> {
    return this.#call('POST', this.#url('/playbooks'), { body: playbook, ...options });
  }

  /** The agents that runners have now, with their slots. */
  agents(options: Call = {}): Promise<{ readonly agents: readonly ServingView[] }> {
    return this.#call('GET', this.#url('/agents'), options);
  }

  /** The runners that were heard lately. */
  runners(options: Call = {}): Promise<{ readonly runners: readonly RunnerView[] }> {
    return this.#call('GET', this.#url('/runners'), options);
  }

  /** One page of the messages that were set aside because nothing could handle them; `next` continues it. */
  deadLetters(
    query: { readonly after?: number; readonly limit?: number } = {},
    options: Call = {},
  ): Promise<{ readonly deadLetters: readonly DeadLetterView[]; readonly next?: number }> {
    return this.#call('GET', this.#url('/dead-letters', query), options);
  }

  /** Sends a message that was set aside again to where it came from. */
  async retryDeadLetter(id: string, options: Call = {}): Promise<void> {
    await this.#send('POST', this.#url(`/dead-letters/${encodeURIComponent(id)}/retry`), options);
  }

  /** Deletes a message that was set aside. */
  async dropDeadLetter(id: string, options: Call = {}): Promise<void> {
    await this.#send('DELETE', this.#url(`/dead-letters/${encodeURIComponent(id)}`), options);
  }

  /**
   * The events of a workflow as they happen, until it ends. A lost connection is taken up again after the last event that
   * arrived, so that none is missed and none comes twice.
   */
  stream(id: string, options: Call & { readonly after?: number } = {}): AsyncGenerator<EventView, void, undefined> {
    return followEvents({
      open: (lastEventId, signal) =>
        this.#send('GET', this.#url(`/workflows/${encodeURIComponent(id)}/stream`), {
          headers: {
            accept: 'text/event-stream',
            ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
          },
          signal,
        }),
      ...options,
    });
  }

  #url(path: string, query: { readonly [name: string]: string | number | undefined } = {}): string {
    const entries = Object.entries(query).flatMap<[string, string]>(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    );
    const text = new URLSearchParams(entries).toString();
    return `${this.#base}/v1${path}${text === '' ? '' : `?${text}`}`;
  }

  #tell(
    id: string,
    command: string,
    { reason, idempotencyKey, ...options }: Reasoned,
    more: JsonObject = {},
  ): Promise<WorkflowView> {
    const body: JsonObject = reason === undefined ? more : { ...more, reason };
    const headers: Record<string, string> = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
    const url = this.#url(`/workflows/${encodeURIComponent(id)}/${command}`);
    return this.#call('POST', url, { body, headers, ...options });
  }

  async #call<T>(method: string, url: string, options: Sending): Promise<T> {
    const response = await this.#send(method, url, options);
    return (await response.json()) as T;
  }

  #send(method: string, url: string, options: Sending): Promise<Response> {
    const repeatable = method === 'GET' || options.headers?.['idempotency-key'] !== undefined;
    return patiently(() => this.#sendOnce(method, url, options), repeatable, this.#patience, options.signal);
  }

  async #sendOnce(method: string, url: string, options: Sending): Promise<Response> {
    const { signal } = options;
    const { text, type } = contentOf(options);
    const content: Record<string, string> = type === undefined ? {} : { 'content-type': type };
    let response: Response;
    try {
      response = await this.#fetch(url, {
        method,
        headers: { accept: 'application/json', ...this.#headers, ...content, ...options.headers },
        ...(text === undefined ? {} : { body: text }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (cause) {
      if (signal?.aborted) throw cause;
      const detail = `${this.#base} cannot be reached: ${reason(cause)}`;
      throw new BraidError({ code: 'unreachable', status: 0, title: 'Cannot be reached', detail }, { cause });
    }
    if (!response.ok) throw await errorOf(response);
    return response;
  }
}

/** A playbook that is given as text travels as it is, so that problems keep their lines. */
function contentOf({ body, json }: Sending): { readonly text?: string; readonly type?: string } {
  if (json !== undefined) return { text: JSON.stringify(json), type: 'application/json' };
  if (body === undefined) return {};
  if (typeof body === 'string') return { text: body, type: 'application/yaml' };
  return { text: JSON.stringify(body), type: 'application/json' };
}

/** `fetch` hides why it failed in the cause of its error. */
function reason(error: unknown): string {
  const cause: unknown = typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined;
  for (const one of [cause, error]) {
    const message: unknown = typeof one === 'object' && one !== null && 'message' in one ? one.message : undefined;
    if (typeof message === 'string' && message !== '') return message;
  }
  return String(error);
}
