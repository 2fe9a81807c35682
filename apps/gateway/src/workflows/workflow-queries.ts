import {
  type ConvergencePreviewView,
  type EventView,
  type GraphView,
  type WorkflowStatus,
  type WorkflowSummary,
  type WorkflowView,
} from '@braid/contracts';
import { type EventStore, InvalidCursorError, type WorkflowSummaries } from '@braid/event-store';
import { parameterProblem } from '../problems/parameter-problem';
import { previewView } from './convergence-preview';
import { type PreviewRequest } from './preview-request';
import { eventView } from './event-view';
import { graphView } from './graph-view';
import { type FindAttempt } from './live-attempts';
import { requireWorkflowId } from './workflow-id';
import { type WorkflowReader } from './workflow-reader';
import { workflowView } from './workflow-view';

export type ListFilter = {
  readonly status?: WorkflowStatus;
  readonly playbook?: string;
  readonly agent?: string;
  /** ISO 8601. */
  readonly from?: string;
  readonly to?: string;
  readonly q?: string;
  readonly cursor?: string;
  readonly limit: number;
};

/** Everything that can be asked about workflows without changing them. */
export class WorkflowQueries {
  constructor(
    private readonly store: EventStore,
    private readonly summaries: WorkflowSummaries,
    private readonly reader: WorkflowReader,
    private readonly findAttempt: FindAttempt,
  ) {}

  view(id: string, version?: number): Promise<WorkflowView> {
    return this.reader.read(id, (workflow) => workflowView(workflow, this.liveAt(version)), version);
  }

  graph(id: string, options: { readonly expand: boolean }, version?: number): Promise<GraphView> {
    return this.reader.read(id, (workflow) => graphView(workflow, this.liveAt(version), options), version);
  }

  /** @throws Problem `workflow.not-found`, `convergence.invalid`. */
  previewConvergence(id: string, request: PreviewRequest): Promise<ConvergencePreviewView> {
    return this.reader.read(id, (workflow) => previewView(workflow, request));
  }

  /** @throws Problem `workflow.not-found` */
  async history(
    id: string,
    after: number,
    limit: number,
  ): Promise<{ readonly events: readonly EventView[]; readonly next?: number }> {
    requireWorkflowId(id);
    const events = await this.store.readStream(id, { afterVersion: after, limit: limit + 1 });
    if (events.length === 0) await this.reader.read(id, () => undefined);
    const page = events.slice(0, limit);
    const last = page.at(-1);
    return {
      events: page.map(eventView),
      ...(last !== undefined && events.length > limit ? { next: last.version } : {}),
    };
  }

  /** @throws Problem `request.invalid` for a cursor that is not ours. */
  async list(filter: ListFilter): Promise<{ readonly workflows: readonly WorkflowSummary[]; readonly next?: string }> {
    const { status, from, to, ...rest } = filter;
    try {
      return await this.summaries.list({
        ...rest,
        ...(status === undefined ? {} : { status }),
        ...(from === undefined ? {} : { from: Date.parse(from) }),
        ...(to === undefined ? {} : { to: Date.parse(to) }),
      });
    } catch (error) {
      if (!(error instanceof InvalidCursorError)) throw error;
      throw parameterProblem('cursor', error.message);
    }
  }

  /** What runners do now says nothing about the past. */
  private liveAt(version: number | undefined): FindAttempt {
    return version === undefined ? this.findAttempt : () => undefined;
  }
}
