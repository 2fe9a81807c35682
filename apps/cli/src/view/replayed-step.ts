import { type EventView } from '@braid/contracts';
import { type Json, type RecordedEvent, schemaVersionOf, upcast, type WorkflowEventType } from '@braid/events';
import { evolve, hasEnded, unborn, type Workflow, type WorkflowState } from '@braid/workflow';
import { type Colours } from '../terminal';
import { decisionInWords } from './decision';

/** One event of a history: what it says, and how the workflow stands after it. */
export type ReplayedStep = {
  readonly version: number;
  readonly at: string;
  readonly type: string;
  readonly branch: string;
  readonly decision: string;
  readonly status: string;
  /** Branches that are not at their end, and what they do. */
  readonly open: readonly { readonly branch: string; readonly phase: string }[];
  readonly ended: number;
  readonly context: Json;
};

/** Open branches that are named in a line. */
const named = 4;

/** Folds a history as it is read. */
export class StepReader {
  #state: WorkflowState = unborn;

  /**
   * What the next event says.
   * @throws HistoryError, UnknownEventError for histories that this release cannot fold.
   */
  next({ workflow, version, at, type, data }: EventView): ReplayedStep {
    // A gateway sends events in their current shape.
    const event = upcast(type, schemaVersionOf(type as WorkflowEventType), data);
    const recorded: RecordedEvent = { ...event, workflow, version, at: Date.parse(at) };
    const decision = decisionInWords(recorded, this.#state);
    const state: Workflow = (this.#state = evolve(this.#state, recorded));
    const branches = [...state.branches.values()];
    const open = branches.filter((branch) => !hasEnded(branch) && branch.phase.is !== 'pending');
    return {
      version,
      at,
      type,
      branch: 'branch' in event.data ? event.data.branch : '',
      decision,
      status: state.status,
      open: open.map(({ path, phase }) => ({ branch: path, phase: phase.is })),
      ended: branches.filter(hasEnded).length,
      context: state.root.context,
    };
  }
}

export function stepLines(step: ReplayedStep, { colours }: { readonly colours: Colours }): readonly string[] {
  const { version, at, type, branch, decision, status, open, ended } = step;
  const shown = open.slice(0, named).map((each) => `${each.branch} ${each.phase}`);
  const more = open.length > named ? `, and ${open.length - named} more` : '';
  const stands = shown.length === 0 ? '' : `: ${shown.join(', ')}${more}`;
  return [
    `${String(version).padStart(5)}  ${at.slice(11, 23)}  ${colours.bold(type)}${branch === '' ? '' : `  ${branch}`}`,
    `       ${decision}`,
    colours.dim(`       → ${status}, ${open.length} open, ${ended} ended${stands}`),
  ];
}
