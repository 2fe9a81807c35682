import { setTimeout as sleep } from 'node:timers/promises';
import { unreachable } from '@braid/events';
import { type Cluster } from './cluster';
import { type Act } from './plan';
import { type Servers } from './servers';

/** Plays a plan against a cluster and its servers. */
export class Chaos {
  /** `kill -9` of a process, immediate shutdowns of PostgreSQL included. */
  kills = 0;
  wipes = 0;
  freezes = 0;
  played = 0;
  /** What could not be done, and why. */
  readonly skipped: string[] = [];
  readonly failed: string[] = [];

  constructor(
    private readonly cluster: Cluster,
    private readonly servers: Servers,
    private readonly say: (act: Act) => void,
  ) {}

  /** Ends when the last act is over and every link is healed. */
  async play(plan: readonly Act[]): Promise<void> {
    const begun = performance.now();
    const open: Promise<void>[] = [];
    for (const act of plan) {
      await sleep(Math.max(0, begun + act.at - performance.now()));
      this.say(act);
      this.played += 1;
      open.push(this.act(act).catch((error: unknown) => void this.failed.push(`${act.is}: ${String(error)}`)));
    }
    await Promise.all(open);
    await this.servers.settled();
  }

  private async act(act: Act): Promise<void> {
    const { cluster, servers } = this;
    switch (act.is) {
      case 'kill':
        if (cluster.member(act.member).kill(act.downMs)) this.kills += 1;
        return;
      case 'freeze':
        if (await cluster.member(act.member).freeze(act.ms)) this.freezes += 1;
        return;
      case 'crash-postgres':
        this.kills += 1;
        return servers.crashPostgres(act.how, act.downMs);
      case 'end-backends':
        return servers.endBackends(act.share);
      case 'kill-nats':
        this.kills += 1;
        return servers.crashNats(act.downMs, false);
      case 'wipe-nats':
        this.kills += 1;
        this.wipes += 1;
        return servers.crashNats(act.downMs, true);
      case 'cut':
      case 'half-open':
      case 'slow': {
        const link = cluster.link(act.member, act.server);
        if (act.is === 'cut') link.cut();
        else if (act.is === 'half-open') link.halfOpen();
        else link.slow(200);
        await sleep(act.ms);
        link.heal();
        return;
      }
      case 'fill-disk':
        if (!(await servers.fillDisk(act.server, act.ms))) {
          this.skipped.push(`fill-disk ${act.server}: ${servers.noDisks ?? 'it has no disk of its own'}`);
        }
        return;
      default:
        return unreachable(act);
    }
  }
}
