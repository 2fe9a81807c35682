import { type Clock, type Timer } from '@braid/clock';
import { type Config } from '@braid/contracts';
import { type OpenEventStore } from '@braid/event-store';
import { type Logger } from '@braid/service';
import { type OrchestratorMetrics } from '../orchestrator-metrics';
import { archive } from './archive';

/** Workflows that are marked in one go; there may be more, and they follow at once. */
const chunk = 100;
const mostEveryMs = 60_000;
const leastEveryMs = 1_000;
/** How long a large value stays that nothing refers to, in milliseconds: longer than any append may take to be repeated. */
const unusedFor = 3_600_000;

/**
 * Removes workflows that ended longer ago than `BRAID_RETENTION`, one at a time so that nothing else has to wait, and after
 * their history is in the archive, where there is one.
 */
export class RetentionSweep {
  private timer: Timer | undefined;
  private sweeping: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly parts: {
      readonly events: Pick<OpenEventStore, 'store' | 'retention'>;
      readonly config: Pick<Config, 'BRAID_RETENTION' | 'BRAID_ARCHIVE_DIR'>;
      /** Names of the followers of the log that have to have seen a workflow's end. */
      readonly followers: readonly string[];
      /** Whether this process is the one that sees to it. */
      readonly isOurs: () => boolean;
      readonly logger: Logger;
      readonly metrics: OrchestratorMetrics;
      readonly clock: Clock;
    },
  ) {}

  start(): void {
    const { BRAID_RETENTION: age } = this.parts.config;
    const every = age === 0 ? mostEveryMs : Math.min(mostEveryMs, Math.max(leastEveryMs, age / 10));
    this.timer = this.parts.clock.every(every, () => {
      this.sweeping ??= this.sweep().finally(() => (this.sweeping = undefined));
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.stop();
    await this.sweeping;
  }

  private async sweep(): Promise<void> {
    if (!this.parts.isOurs()) return;
    const { clock, events, logger, config } = this.parts;
    try {
      if (config.BRAID_RETENTION > 0) while ((await this.removeSome(clock.now() - config.BRAID_RETENTION)) === chunk);
      await events.retention.collectPayloads(unusedFor, chunk);
    } catch (error) {
      logger.warn({ error }, 'old workflows could not be removed; trying again');
    }
  }

  private async removeSome(endedBefore: number): Promise<number> {
    const { events, config, followers, metrics } = this.parts;
    const marked = await events.retention.condemn(endedBefore, followers, chunk);
    for (const workflow of marked) {
      if (this.stopped) return 0;
      if (config.BRAID_ARCHIVE_DIR !== '') await archive(events.store, workflow, config.BRAID_ARCHIVE_DIR);
      if (await events.retention.remove(workflow)) metrics.removed.inc();
    }
    return marked.length;
  }
}
