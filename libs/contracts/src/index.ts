export * as braidV1 from './braid-v1';
export {
  cloudEventContentType,
  toCloudEvent,
  withDataReference,
  type BraidCloudEvent,
  type BraidCloudEventReference,
} from './cloud-event';
export type {
  BranchStatusName,
  BranchStatusView,
  CompensationView,
  ConvergencePointView,
  ConvergencePreviewView,
  CostView,
  EventView,
  GraphNode,
  GraphView,
  ParallelBranchesView,
  PlaybookProblem,
  ProblemDetails,
  WorkflowStatus,
  WorkflowSummary,
  WorkflowView,
} from './http';
export {
  headers,
  type CancelledAttempt,
  type ChildEndMessage,
  type CancelSignal,
  type CommandMessage,
  type HeartbeatMessage,
  type LiveAttempt,
  type Receipt,
  type RejectionCode,
  type ReportMessage,
  type RunnerPresence,
  type StartMessage,
  type WorkMessage,
} from './messages';
export { largestBody, parseMessage, parseReports, type Parsed } from './parse-message';
export { type MessageKind, type MessageKinds } from './schemas/messages';
export { defaultPartitions, partitionOf } from './partition';
export { streams, subjects, subjectToken } from './subjects';
export { ConfigError, describeConfig, loadConfig, type Config, type Setting } from './config';
export * as googleRpc from './google-rpc';
export * as grpcHealth from './grpc-health';
