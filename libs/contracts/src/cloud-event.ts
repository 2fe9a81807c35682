import { eventId, schemaVersionOf, type Json, type StoredEvent, type WorkflowEventType } from '@braid/events';

/** The media type of a CloudEvent in structured mode; every public event carries it as its content type. */
export const cloudEventContentType = 'application/cloudevents+json';

/**
 * A public event: a CloudEvent 1.0 in structured JSON. `sequence` is the event's version in its workflow, `braidpartition`
 * and `braidposition` its place in the log, by which a subscriber resumes.
 */
export type BraidCloudEvent = {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly sequence: string;
  readonly braidplaybook: string;
  readonly braidpartition: number;
  readonly braidposition: number;
  readonly data: Json;
};

/** The public name of an event type, with its major version: `io.braid.workflow.BranchCompleted.v1`. */
export function cloudEventType(type: WorkflowEventType): string {
  return `io.braid.workflow.${type}.v${schemaVersionOf(type)}`;
}

/** An event of the log as the world sees it. */
export function toCloudEvent(event: StoredEvent, playbook: string): BraidCloudEvent {
  return {
    specversion: '1.0',
    id: eventId(event),
    source: '/braid/workflows',
    type: cloudEventType(event.type),
    subject: event.workflow,
    time: new Date(event.at).toISOString(),
    datacontenttype: 'application/json',
    sequence: String(event.version),
    braidplaybook: playbook,
    braidpartition: event.partition,
    braidposition: event.position,
    data: event.data as unknown as Json,
  };
}

/** A public event whose data is too large for a message: `dataref` (a CloudEvents extension) says where the event is read. */
export type BraidCloudEventReference = Omit<BraidCloudEvent, 'data' | 'datacontenttype'> & { readonly dataref: string };

/** The same event with the address of its data, relative to a gateway, in place of the data. */
export function withDataReference(event: BraidCloudEvent): BraidCloudEventReference {
  const { data: _data, datacontenttype: _type, ...rest } = event;
  return { ...rest, dataref: `/v1/workflows/${event.subject}/events?after=${Number(event.sequence) - 1}&limit=1` };
}
