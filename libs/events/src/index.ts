export { eventId, type RecordedEvent, type StoredEvent } from './envelope';
export { capacityCodes, failureCodes, type Failure, type FailureCode } from './failure';
export type {
  AgentStep,
  BranchSpec,
  Convergence,
  ForkStep,
  Graph,
  MapStep,
  ParallelStep,
  Requirement,
  RetryPolicy,
  SetStep,
  Step,
  Strategy,
  VariableSpec,
} from './graph';
export type { Json, JsonObject } from './json';
export { unreachable } from './unreachable';
export { eventTypes, schemaVersionOf, upcast } from './upcast';
export type {
  BranchAdvanced,
  BranchCancelled,
  BranchCompleted,
  BranchDeferred,
  BranchFailed,
  BranchRequested,
  BranchRetryScheduled,
  BranchSkipped,
  ConvergenceReached,
  ExecutionMode,
  ForkOpened,
  Run,
  StepFailed,
  StepSkipped,
  Tally,
  WorkflowCancelled,
  WorkflowCompleted,
  WorkflowEvent,
  WorkflowEventType,
  WorkflowFailed,
  WorkflowStarted,
} from './workflow-events';
