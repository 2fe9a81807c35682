export { StoreSetupError, StoreUnavailableError } from './errors';
export type {
  AppendOutcome,
  EventStore,
  Lease,
  PartitionAppend,
  PartitionLeases,
  Snapshot,
  WorkflowRow,
} from './event-store';
export { InMemoryEventStore } from './memory/event-store';
export { GroupCommit, type GroupCommitOptions } from './group-commit';
export {
  type Damage,
  type InspectedEvent,
  type InspectedSnapshot,
  Inspection,
  type KeptRow,
} from './inspection/inspection';
export { LogFollower, type FollowerOptions } from './log-follower';
export { runMigrations, setPartitions } from './migrations/run';
export { type CommitOutcome } from './pending-commit';
export { openEventStore, type OpenEventStore, type OpenOptions } from './open';
export {
  PlaybookVersionTakenError,
  type PlaybookListing,
  type Playbooks,
  type PublishedPlaybook,
} from './playbooks/playbooks';
export { type RebuildOptions, type RebuildReport } from './projections/rebuild-summaries';
export { foldSummary, type SummaryRow } from './projections/summary-fold';
export { summaryFollower, SummaryProjection } from './projections/summary-projection';
export {
  InvalidCursorError,
  type SummaryFilter,
  type SummaryPage,
  type WorkflowSummaries,
  type WorkflowSummary,
} from './projections/workflow-summaries';
export { type Retention } from './retention/retention';
