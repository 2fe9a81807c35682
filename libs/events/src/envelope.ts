import { type WorkflowEvent } from './workflow-events';

/** An event in its stream. `version` counts from 1 without gaps; `at` is in milliseconds since the epoch. */
export type RecordedEvent = WorkflowEvent & {
  readonly workflow: string;
  readonly version: number;
  readonly at: number;
};

/** An event in the log of its partition. `position` counts from 1 without gaps, in the order of commits. */
export type StoredEvent = RecordedEvent & {
  readonly partition: number;
  readonly position: number;
};

/** The public identity of an event, stable over replays: `<workflow>:<version>`. */
export function eventId(event: { readonly workflow: string; readonly version: number }): string {
  return `${event.workflow}:${event.version}`;
}
