import { type Clock, type Timer } from '@braid/clock';
import { type Owner } from './agenda';
import { beginning, type World } from './world';

/** How often, of a hundred thousand, a process dies at each of the places where it waits or tells something. */
const inAll = 100_000;

/**
 * One operating system process: it has a clock of its own, may stand still, and may die at any moment. Nothing that it waits
 * for comes back to it when it is dead, and nothing that it still says is heard.
 */
export class SimProcess implements Owner {
  alive = true;
  standsStillUntil = 0;
  readonly clock: Clock;
  private readonly whenDead: (() => void)[] = [];

  constructor(
    readonly world: World,
    readonly name: string,
    private readonly options: {
      /** Milliseconds by which its calendar is ahead. */
      readonly skew: number;
      /** How often, of a hundred thousand, it dies where it could. */
      readonly mortality: () => number;
    },
  ) {
    this.clock = this.ownClock();
  }

  /** Plans something for this process. */
  after(ms: number, what: string, act: () => void) {
    return this.world.after(ms, what, act, this);
  }

  /** A place where this process may die. Answers whether it lives. */
  survives(where: string): boolean {
    if (this.alive && this.world.chance.happens(this.options.mortality() / inAll)) {
      this.world.log(this.name, `dies at: ${where}`);
      this.die();
    }
    return this.alive;
  }

  die(): void {
    if (!this.alive) return;
    this.alive = false;
    for (const tell of this.whenDead) tell();
  }

  onDeath(tell: () => void): void {
    this.whenDead.push(tell);
  }

  standStill(ms: number): void {
    this.standsStillUntil = Math.max(this.standsStillUntil, this.world.now + ms);
    this.world.log(this.name, `stands still for ${ms.toFixed(0)} ms`);
  }

  private ownClock(): Clock {
    const { world } = this;
    const startedAt = world.now;
    return {
      now: () => Math.floor(beginning + world.now + this.options.skew),
      monotonic: () => world.now - startedAt,
      random: () => world.chance.next(),
      soon: (act) => void this.timer(0, act),
      after: (ms, act) => this.timer(ms, act),
      every: (ms, act) => {
        let timer: Timer | undefined;
        const again = () => {
          timer = this.timer(ms, () => {
            again();
            act();
          });
        };
        again();
        return { stop: () => timer?.stop() };
      },
    };
  }

  private timer(ms: number, act: () => void): Timer {
    // What Node does with longer ones: they fire at once.
    const wait = ms > 2_147_483_647 || Number.isNaN(ms) ? 1 : Math.max(1, ms);
    const task = this.after(wait, 'timer', () => {
      if (this.survives('a timer')) act();
    });
    return { stop: () => void (task.what = undefined) };
  }
}
