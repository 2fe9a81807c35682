import { Counters } from './counters';
import { Memory } from './memory';
import { type Member } from './member';
import { Recovery } from './recovery';

const lookEveryMs = 5_000;

/** Looks at every member from time to time: what it counts, what memory it takes, whether it is ready. */
export class Watch {
  readonly counters = new Counters();
  readonly memory = new Memory();
  readonly recovery: Recovery;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly members: readonly Member[]) {
    this.recovery = new Recovery(members);
    this.timer = setInterval(() => void this.look(), lookEveryMs);
  }

  async look(): Promise<void> {
    await Promise.all(this.members.flatMap((member) => [this.counters.read(member), this.memory.sample(member)]));
  }

  stop(): void {
    clearInterval(this.timer);
    this.recovery.stop();
  }
}
