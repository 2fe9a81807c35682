import { type Clock } from '@braid/clock';
import { type RecordedEvent } from '@braid/events';
import { type GroupCommit, type Lease } from '@braid/event-store';
import { type WorkflowSnapshots } from '@braid/history';
import { type Bus } from '@braid/messaging';
import { type Logger } from '@braid/service';
import { type Limits } from '@braid/workflow/decide';
import { type Family } from '../children/family';
import { type Dispatcher } from '../effects/dispatcher';
import { type TaskTokens } from '../effects/task-token';
import { type OrchestratorMetrics } from '../orchestrator-metrics';
import { type SignsOfLifeRegister } from '../workflows/signs-of-life';

/** What the owners of all partitions in this process share. Moments and durations are in milliseconds. */
export type OwnerContext = {
  readonly bus: Bus;
  readonly committer: Pick<GroupCommit, 'commit'>;
  readonly dispatcher: Dispatcher;
  readonly family: Family;
  readonly tokens: TaskTokens;
  readonly signs: SignsOfLifeRegister;
  readonly metrics: OrchestratorMetrics;
  readonly logger: Logger;
  readonly limits: Limits;
  readonly partitions: number;
  readonly cacheCapacity: number;
  readonly redispatchAfter: number;
  readonly childCheck: number;
  readonly clock: Clock;
  readonly snapshots: WorkflowSnapshots;
  /** How many messages wait for an agent or are being worked on, as the bus counts them. */
  readonly backlog: (agent: string) => Promise<number>;
  /** Events are on disk; `position` is the partition's counter after the last of them. */
  readonly recorded: (partition: number, position: number, events: readonly RecordedEvent[], playbook: string) => void;
  /** Whether the partitions surely still belong to this process, going by its own clock. */
  readonly surelyOwner: () => boolean;
  /** Somebody else owns the partition by now. */
  readonly onFenced: (lease: Lease) => void;
};
