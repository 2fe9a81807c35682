import { partitionOf, type Receipt, type StartMessage, subjects } from '@braid/contracts';
import { type ExecutionMode } from '@braid/events';
import { type ConfirmedSender } from '../bus/confirmed-sender';
import { type PlaybookCatalogue } from '../playbooks/playbook-catalogue';
import { Problem } from '../problems/problem';
import { type Endings, untilEnded } from './endings';
import { narrowestMode } from './execution-mode';
import { type StartGate, type StartPlace } from './start-gate';
import { requestDigest, type StartRequest, workflowId } from './start-identity';
import { rejected } from './workflow-commands';
import { type WorkflowReader } from './workflow-reader';

export type StartOptions = {
  /** The same key with the same request is the same start. */
  readonly idempotencyKey?: string;
  readonly traceparent?: string;
  /** How long to wait for the end of the workflow, in milliseconds; 0: not at all. */
  readonly waitMs: number;
  /** What the start has taken of the gateway's room. It is given back early when the caller waits for the end. */
  readonly place?: StartPlace | undefined;
  /** Aborts when the caller has gone. */
  readonly signal: AbortSignal;
};

export type Started = {
  readonly workflow: string;
  /** False when an earlier start with the same key and request made the workflow. */
  readonly created: boolean;
};

/** How often a workflow that is waited for is looked at without a hint that it has ended, in milliseconds. */
const pollMs = 2_000;

/** Starts workflows. */
export class WorkflowStarter {
  constructor(
    private readonly playbooks: PlaybookCatalogue,
    private readonly sender: ConfirmedSender,
    private readonly reader: WorkflowReader,
    private readonly endings: Endings,
    private readonly gate: StartGate,
    private readonly options: { readonly partitions: number; readonly executionMode: ExecutionMode },
  ) {}

  /**
   * Resolves when the start is on disk, or with `waitMs` when the workflow has ended or the time has passed.
   * @throws Problem when the playbook or the variables cannot be used, when the key belongs to another request, when starts
   * wait too long already, or when nobody confirmed this one in time.
   */
  async start(request: StartRequest, options: StartOptions): Promise<Started> {
    const workflow = workflowId(options.idempotencyKey);
    const digest = requestDigest(request);
    // Before the start is sent, so that the end of the shortest workflow is not missed.
    const watch = options.waitMs > 0 ? this.endings.watch(workflow) : undefined;
    try {
      const created = await this.startOnce(workflow, digest, request, options);
      if (watch) {
        options.place?.leave();
        await untilEnded(watch, () => this.reader.hasEnded(workflow), {
          timeoutMs: options.waitMs,
          pollMs,
          // Who made the workflow has watched since before there was one.
          atOnce: !created,
          signal: options.signal,
        });
      }
      return { workflow, created };
    } finally {
      watch?.stop();
    }
  }

  private async startOnce(
    workflow: string,
    digest: string,
    request: StartRequest,
    { idempotencyKey, traceparent }: StartOptions,
  ): Promise<boolean> {
    // A repeat is answered from the log, even when the playbook that it names has changed since.
    if (idempotencyKey !== undefined && (await this.isRepeat(workflow, digest))) return false;
    const partition = partitionOf(workflow, this.options.partitions);
    const wait = this.gate.join(partition);
    let receipt: Receipt;
    try {
      const message = await this.messageOf(workflow, digest, request, traceparent);
      receipt = await this.sender.send(subjects.start(partition, workflow), message, traceparent);
      wait.answered();
    } catch (error) {
      if (error instanceof Problem && error.code === 'receipt.missing') wait.unanswered();
      else wait.dropped();
      throw error;
    }
    if (!receipt.ok) throw rejected(receipt);
    return idempotencyKey === undefined || !receipt.repeated;
  }

  private async isRepeat(workflow: string, digest: string): Promise<boolean> {
    const first = await this.reader.startDigest(workflow);
    if (first === undefined) return false;
    if (first !== digest) throw new Problem('workflow.different-start', `The key belongs to workflow ${workflow}`);
    return true;
  }

  private async messageOf(
    workflow: string,
    digest: string,
    request: StartRequest,
    traceparent: string | undefined,
  ): Promise<StartMessage> {
    const { name, version, graph } = await this.playbooks.resolve(request.playbook);
    return {
      workflow,
      playbook: { name, ...(version === undefined ? {} : { version }) },
      graph,
      variables: this.playbooks.bind(graph, request.variables),
      context: request.context,
      executionMode: narrowestMode(this.options.executionMode, request.executionMode, graph.executionType),
      ...(request.budget === undefined ? {} : { budget: request.budget }),
      requestDigest: digest,
      ...(traceparent === undefined ? {} : { traceparent }),
    };
  }
}
