import { type StoredEvent } from '@braid/events';
import { type WorkflowSummary } from '@braid/event-store';
import {
  fold,
  restoreSnapshot,
  snapshotSchema,
  takeSnapshot,
  type Workflow,
  type WorkflowSnapshot,
} from '@braid/workflow';
import { isDeepStrictEqual } from 'node:util';
import { auditHistory } from '../e2e/rig/audit';

/** What a history says of a workflow. */
export type Reading = {
  readonly id: string;
  /** The number that its caller gave it. */
  readonly number: unknown;
  /** Whether another workflow started it. */
  readonly isChild: boolean;
  readonly status: string;
  readonly types: ReadonlySet<string>;
  readonly faults: readonly string[];
  /** `<workflow>/<branch>/<step>` of the steps for which the agent `http` was asked, and of those that it completed. */
  readonly asked: ReadonlySet<string>;
  readonly completed: ReadonlySet<string>;
  readonly attempts: number;
  /** What the list should say; undefined when the history cannot be folded. */
  readonly state: Workflow | undefined;
};

export function readHistory(id: string, events: readonly StoredEvent[]): Reading {
  const { status, faults } = auditHistory(events);
  const asked = new Set<string>();
  const completed = new Set<string>();
  const agents = new Map<string, string>();
  let attempts = 0;
  for (const { type, data } of events) {
    if (type === 'BranchRequested') {
      const place = `${id}/${data.branch}/${data.step}`;
      agents.set(place, data.agent);
      attempts += 1;
      if (data.agent === 'http') asked.add(place);
    } else if ((type === 'BranchAdvanced' || type === 'BranchCompleted') && data.run) {
      const place = `${id}/${data.branch}/${data.step}`;
      if (agents.get(place) === 'http') completed.add(place);
    }
  }
  const [first] = events;
  const number = first?.type === 'WorkflowStarted' ? first.data.context['chaos'] : undefined;
  const isChild = first?.type === 'WorkflowStarted' && first.data.parent !== undefined;
  const types = new Set(events.map(({ type }) => type));
  return { id, number, isChild, status, types, faults, asked, completed, attempts, state: stateOf(events) };
}

function stateOf(events: readonly StoredEvent[]): Workflow | undefined {
  try {
    const state = fold(events);
    return state.status === 'unborn' ? undefined : state;
  } catch {
    return undefined;
  }
}

/** How a line of the list differs from the history that it stands for. */
export function differences(state: Workflow, line: WorkflowSummary | undefined): readonly string[] {
  if (line === undefined) return ['is not in the list'];
  // A judge is no branch of its fork.
  const forked = [...state.branches.values()].filter(
    (branch) => branch.parent !== undefined && branch.fork?.judge !== branch,
  );
  const inPhase = (phase: string) => forked.filter((branch) => branch.phase.is === phase).length;
  const expected: Readonly<Record<string, unknown>> = {
    status: state.status,
    playbook: state.playbook.name,
    executionMode: state.executionMode,
    startedAt: new Date(state.startedAt).toISOString(),
    endedAt: state.endedAt === undefined ? undefined : new Date(state.endedAt).toISOString(),
    branches: { total: forked.length, completed: inPhase('completed'), failed: inPhase('failed') },
  };
  const found: Readonly<Record<string, unknown>> = { ...line };
  return Object.entries(expected)
    .filter(([field, value]) => !isDeepStrictEqual(found[field], value))
    .map(
      ([field, value]) =>
        `${field} is ${JSON.stringify(found[field])} in the list and ${JSON.stringify(value)} by its history`,
    );
}

/** Whether a snapshot and the events after it give the state that all events give. */
export function snapshotHolds(
  snapshot: { readonly version: number; readonly stateSchema: number; readonly state: unknown },
  events: readonly StoredEvent[],
): boolean {
  if (snapshot.stateSchema !== snapshotSchema) return true;
  const restored = restoreSnapshot(snapshot.state as WorkflowSnapshot);
  const tail = events.filter(({ version }) => version > snapshot.version);
  return isDeepStrictEqual(plain(fold(tail, restored)), plain(fold(events)));
}

const plain = (state: ReturnType<typeof fold>): unknown =>
  state.status === 'unborn' ? undefined : (JSON.parse(JSON.stringify(takeSnapshot(state))) as unknown);
