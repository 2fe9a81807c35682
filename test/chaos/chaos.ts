import { setTimeout as sleep } from 'node:timers/promises';
import { unreachable } from '@braid/events';
import { type Cluster } from './cluster';
import { type Counters } from './counters';
import { type Deed, type Server } from './deeds';
import { familyOf } from './families';
import { type Link } from './link';
import { type App, type Member } from './member';
import { type Act } from './plan';
import { type Recovery } from './recovery';
import { type Servers } from './servers';
import { Tally } from './tally';

/** A member that is killed may have counted something that nobody asked it for yet. */
const latencyMs = 200;

/** Plays a plan against a cluster and its servers. */
export class Chaos {
  /** `kill -9` of a process, immediate shutdowns of PostgreSQL included. */
  kills = 0;
  wipes = 0;
  played = 0;
  readonly tally = new Tally();
  /** What could not be done, and why. */
  readonly skipped: string[] = [];
  readonly failed: string[] = [];

  constructor(
    private readonly cluster: Cluster,
    private readonly servers: Servers,
    private readonly recovery: Recovery,
    private readonly counters: Counters,
    private readonly say: (deed: Deed) => void,
  ) {}

  /** Ends when the last act is over and every link is healed. */
  async play(plan: readonly Act[]): Promise<void> {
    const begun = performance.now();
    const open: Promise<void>[] = [];
    for (const act of plan) {
      await sleep(Math.max(0, begun + act.at - performance.now()));
      open.push(this.one(act));
    }
    await Promise.all(open);
    await this.servers.settled();
  }

  /** Plays one act to its end; one that fails is on record. */
  async one(deed: Deed): Promise<void> {
    this.say(deed);
    this.played += 1;
    await this.act(deed).catch((error: unknown) => void this.failed.push(`${deed.is}: ${String(error)}`));
  }

  private async act(deed: Deed): Promise<void> {
    const { cluster, servers, tally } = this;
    switch (deed.is) {
      case 'kill':
        return this.kill(cluster.standIn(deed.member), deed.downMs);
      case 'freeze':
        return this.freeze(cluster.standIn(deed.member), deed.ms);
      case 'crash-postgres':
        this.kills += 1;
        tally.add('postgres', deed.how === 'kill' ? 'kill -9' : 'immediate restarts');
        tally.atMost('postgres', 'longest away, s', Math.round(deed.downMs / 1_000));
        return this.toAll(deed, () => servers.crashPostgres(deed.how, deed.downMs));
      case 'end-backends':
        tally.add('postgres', 'ends of backends');
        return this.toAll(deed, () => servers.endBackends(deed.share));
      case 'end-commits':
        return this.toAll(deed, async () => {
          const dropped = await servers.dropCommits(deed.ms, (port) => cluster.drop('postgres', port));
          tally.add('postgres', 'connections dropped during COMMIT', dropped);
        });
      case 'hold-transaction':
        return this.toAll(deed, async () => {
          await servers.holdTransaction(deed.ms, deed.locks);
          tally.add('postgres', deed.locks ? 'long transactions with locks' : 'long transactions');
        });
      case 'kill-nats':
        this.kills += 1;
        tally.add('nats', 'restarts');
        return this.toAll(deed, () => servers.crashNats(deed.downMs, false));
      case 'wipe-nats':
        this.kills += 1;
        this.wipes += 1;
        tally.add('nats', 'wipes');
        return this.toAll(deed, () =>
          this.behindCuts('agent-runner', deed.holdMs, () => servers.crashNats(deed.downMs, true)),
        );
      case 'purge-stream': {
        const reader = readers[deed.stream];
        return this.toAll(deed, async () => {
          const purged = await this.behindCuts(reader, deed.holdMs, () => servers.purgeStream(deed.stream));
          tally.add('nats', 'purges');
          tally.add('nats', 'messages purged', purged);
        });
      }
      case 'slow-consumer':
        tally.add('nats', 'slow consumers');
        if (await servers.slowConsumer(deed.ms)) tally.add('nats', 'slow consumers cut off');
        return;
      case 'cut':
      case 'half-open':
      case 'stall':
        return this.disturb(deed, cluster.link(deed.member, deed.server), { is: deed.is });
      case 'slow':
        return this.disturb(deed, cluster.link(deed.member, deed.server), { is: 'slow', ms: latencyMs });
      case 'fill-disk':
        return this.fillDisk(deed, deed.server, deed.ms);
      default:
        return unreachable(deed);
    }
  }

  private async kill(member: Member, downMs: number): Promise<void> {
    await this.counters.read(member);
    const end = this.recovery.disturb([member], 'kills');
    if (member.kill(downMs)) {
      this.kills += 1;
      this.tally.add('kills', member.app);
    }
    await sleep(downMs);
    end();
  }

  private async freeze(member: Member, ms: number): Promise<void> {
    const end = this.recovery.disturb([member], 'zombies');
    if (await member.freeze(ms)) this.tally.add('zombies', member.app);
    end();
  }

  private async disturb(
    deed: Deed & { readonly member: string; readonly ms: number },
    link: Link,
    disturbance: Parameters<Link['disturb']>[0],
  ): Promise<void> {
    const end = this.recovery.disturb([this.cluster.member(deed.member)], 'network');
    const heal = link.disturb(disturbance);
    await sleep(deed.ms);
    heal();
    end();
    const seconds = deed.is === 'cut' && deed.ms >= 5_000 ? ` of ${deed.ms / 1_000} s` : '';
    this.tally.add('network', `${deed.is}${seconds}`);
  }

  private async fillDisk(deed: Deed, server: Server, ms: number): Promise<void> {
    await this.toAll(deed, async () => {
      if (await this.servers.fillDisk(server, ms)) this.tally.add(server, 'disk full');
      else this.skipped.push(`fill-disk ${server}: ${this.servers.noDisks ?? 'it has no disk of its own'}`);
    });
  }

  private async toAll(deed: Deed, act: () => Promise<void>): Promise<void> {
    const end = this.recovery.disturb(this.cluster.members, familyOf(deed));
    await act().finally(end);
  }

  /** Who reads from NATS is cut off for a while, so that messages lie there when the act comes. */
  private async behindCuts<T>(app: App, ms: number, act: () => Promise<T>): Promise<T> {
    const readers = this.cluster.members.filter((member) => member.app === app);
    const heals = readers.map(({ name }) => this.cluster.link(name, 'nats').disturb({ is: 'cut' }));
    await sleep(ms);
    return act().finally(() => heals.forEach((heal) => heal()));
  }
}

const readers: Readonly<Record<'in' | 'work' | 'events', App>> = {
  in: 'orchestrator',
  work: 'agent-runner',
  events: 'gateway',
};
