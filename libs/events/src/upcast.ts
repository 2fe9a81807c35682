import { type WorkflowEvent, type WorkflowEventType } from './workflow-events';

/** Turns the data of one shape version into that of the next. */
type Upcaster = (data: unknown) => unknown;

/**
 * Per event type the steps from version 1 to the current shape: entry 0 leads from version 1 to 2, and so on. The shape
 * that new events are written with is therefore `steps + 1`. A type that is missing here does not compile.
 */
const upcasters: { readonly [type in WorkflowEventType]: readonly Upcaster[] } = {
  WorkflowStarted: [],
  ForkOpened: [],
  BranchRequested: [],
  BranchRetryScheduled: [],
  BranchDeferred: [],
  BranchAdvanced: [],
  StepSkipped: [],
  StepFailed: [],
  FailureCaught: [],
  CaseChosen: [],
  WaitStarted: [],
  SignalAwaited: [],
  SignalReceived: [],
  ChildStarted: [],
  ChildEnded: [],
  BranchCompleted: [],
  BranchFailed: [],
  BranchSkipped: [],
  BranchCancelled: [],
  ConvergenceReached: [],
  WorkflowCompleted: [],
  WorkflowFailed: [],
  WorkflowPaused: [],
  WorkflowResumed: [],
  WorkflowRetried: [],
  ForkReopened: [],
  CompensationStarted: [],
  WorkflowCancelled: [],
};

/** Every event type. */
export const eventTypes = Object.keys(upcasters) as readonly WorkflowEventType[];

/** The shape version that new events of a type are written with. */
export function schemaVersionOf(type: WorkflowEventType): number {
  return upcasters[type].length + 1;
}

/** An event of a type or shape that this release does not know, most likely written by a newer one. */
export class UnknownEventError extends Error {
  override readonly name = 'UnknownEventError';
  readonly code = 'event.unknown';

  constructor(
    readonly type: string,
    readonly schemaVersion: number,
  ) {
    super(`This release cannot read events of type ${type} in shape version ${schemaVersion}; upgrade Braid`);
  }
}

/**
 * Reads a stored event in the current shape of its type.
 * @throws UnknownEventError for a type or version that this release does not know.
 */
export function upcast(type: string, schemaVersion: number, data: unknown): WorkflowEvent {
  const steps = isEventType(type) ? upcasters[type] : undefined;
  if (
    steps === undefined ||
    !Number.isInteger(schemaVersion) ||
    schemaVersion < 1 ||
    schemaVersion > steps.length + 1
  ) {
    throw new UnknownEventError(type, schemaVersion);
  }
  let current = data;
  for (let step = schemaVersion - 1; step < steps.length; step++) {
    current = steps[step]?.(current);
  }
  // The log holds only what was a WorkflowEvent when it was written, and each upcaster keeps it one.
  return { type, data: current } as WorkflowEvent;
}

function isEventType(type: string): type is WorkflowEventType {
  return Object.hasOwn(upcasters, type);
}
