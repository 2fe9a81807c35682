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
export { SummaryProjection } from './projections/summary-projection';
export {
  InvalidCursorError,
  type SummaryFilter,
  type SummaryPage,
  type WorkflowSummaries,
  type WorkflowSummary,
} from './projections/workflow-summaries';
export { type Retention } from './retention/retention';
