/** The messages and services of the gRPC package `braid.v1`, made from the protos. */
export { type Event, EventSchema } from './gen/braid/v1/event_pb';
export { EventService } from './gen/braid/v1/event_service_pb';
export { PlaybookListingSchema, PlaybookSchema, PlaybookService } from './gen/braid/v1/playbook_service_pb';
export { type Problem, ProblemDetailsSchema, ProblemSchema, ProblemSeverity } from './gen/braid/v1/problem_pb';
export {
  type Amounts,
  BranchState,
  CompensationReason,
  CompensationState,
  ConvergenceOutcome,
  ExecutionMode,
  type FailureSchema,
  type WorkflowSchema,
  WorkflowStatus,
  type WorkflowSummarySchema,
} from './gen/braid/v1/workflow_pb';
export { type StartWorkflowRequest, WorkflowService } from './gen/braid/v1/workflow_service_pb';
