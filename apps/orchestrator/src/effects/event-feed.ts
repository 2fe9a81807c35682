import { type StoredEvent } from '@braid/events';
import { cloudEventContentType, subjects, toCloudEvent } from '@braid/contracts';
import { type Publisher } from '@braid/messaging';

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
 * and the next batch follows when the server has stored this one.
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
    sent.push(
      publisher.publish(subjects.event(playbook, event.type, event.workflow), JSON.stringify(cloudEvent), {
        messageId: cloudEvent.id,
        headers: { 'content-type': cloudEventContentType },
      }),
    );
  }
  await Promise.all(sent);
}
