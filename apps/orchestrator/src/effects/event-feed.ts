import { type StoredEvent } from '@braid/events';
import {
  type BraidCloudEvent,
  type BraidCloudEventReference,
  cloudEventContentType,
  subjects,
  toCloudEvent,
  withDataReference,
} from '@braid/contracts';
import { type Publisher, PublishError } from '@braid/messaging';

/** Characters of an event from which on it is waited for until it is stored: it may have to be sent in another form. */
const large = 262_144;

/** Which playbook a workflow runs, for the subjects of its events. */
export class PlaybookNames {
  private readonly names = new Map<string, string>();

  constructor(
    private readonly read: (workflow: string) => Promise<string>,
    private readonly capacity: number,
  ) {}

  remember(workflow: string, playbook: string): void {
    if (this.names.has(workflow)) return;
    this.names.set(workflow, playbook);
    if (this.names.size <= this.capacity) return;
    const [oldest] = this.names.keys();
    if (oldest !== undefined) this.names.delete(oldest);
  }

  async of(event: StoredEvent): Promise<string> {
    const known = event.type === 'WorkflowStarted' ? event.data.playbook.name : this.names.get(event.workflow);
    const name = known ?? (await this.read(event.workflow));
    this.remember(event.workflow, name);
    return name;
  }
}

/**
 * Publishes events as CloudEvents, at least once and in order per workflow: all of a batch are sent in order on one connection,
 * and the next batch follows when the server has stored this one. An event that no message can carry is published with the
 * address of its data, else it would hold up the feed of its partition for ever.
 */
export async function publishEvents(
  publisher: Publisher,
  names: PlaybookNames,
  events: readonly StoredEvent[],
): Promise<void> {
  const sent: Promise<void>[] = [];
  for (const event of events) {
    const playbook = await names.of(event);
    const cloudEvent = toCloudEvent(event, playbook);
    const subject = subjects.event(playbook, event.type, event.workflow);
    const send = (body: string) =>
      publisher.publish(subject, body, {
        messageId: cloudEvent.id,
        headers: { 'content-type': cloudEventContentType },
      });
    const body = JSON.stringify(cloudEvent);
    if (body.length < large) sent.push(send(body));
    else await sendLarge(send, cloudEvent, body);
  }
  await Promise.all(sent);
}

async function sendLarge(send: (body: string) => Promise<void>, event: BraidCloudEvent, body: string): Promise<void> {
  try {
    await send(body);
  } catch (error) {
    if (!(error instanceof PublishError) || error.code !== 'too-large') throw error;
    const reference: BraidCloudEventReference = withDataReference(event);
    await send(JSON.stringify(reference));
  }
}
