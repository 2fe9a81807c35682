import { type Clock } from '@braid/clock';
import { type Playbooks, type PublishedPlaybook } from '@braid/event-store';
import { LRUCache } from 'lru-cache';

/** How long what was read is taken for what is published, in milliseconds. */
const fresh = 1_000;

type Read = { readonly at: number; readonly playbook: Promise<PublishedPlaybook | undefined> };

/** Published playbooks by the reference that a step gives, `name` or `name@version`; a thousand children read it once. */
export class PublishedGraphs {
  private readonly read = new LRUCache<string, Read>({ max: 200 });

  constructor(
    private readonly playbooks: Pick<Playbooks, 'get'>,
    private readonly clock: Clock,
  ) {}

  get(reference: string): Promise<PublishedPlaybook | undefined> {
    const at = this.clock.monotonic();
    const known = this.read.get(reference);
    if (known && at - known.at < fresh) return known.playbook;
    const [name = '', version] = reference.split('@');
    const playbook = this.playbooks.get(name, version);
    this.read.set(reference, { at, playbook });
    playbook.catch(() => this.read.delete(reference));
    return playbook;
  }
}
