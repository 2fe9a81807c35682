import { type Readiness, readinessOf } from '@braid/service';
import { HealthImplementation } from 'grpc-health-check';

/** How often readiness is looked at, in milliseconds. */
const lookMs = 1_000;

/** Health as `grpc.health.v1` tells it, of the whole port and of each service: what `/health/ready` says, at most a second old. */
export class GrpcHealth {
  readonly service: HealthImplementation;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private last: 'SERVING' | 'NOT_SERVING' = 'NOT_SERVING';

  /** @param names the services, and the empty name for all together */
  constructor(
    private readonly checks: Readiness,
    private readonly names: readonly string[],
  ) {
    this.service = new HealthImplementation(Object.fromEntries(names.map((name) => [name, 'NOT_SERVING'] as const)));
  }

  /** Resolves when readiness has been looked at once. */
  async start(): Promise<void> {
    await this.look();
  }

  /** From now on nothing is served, so that clients and proxies go elsewhere. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.tell('NOT_SERVING');
  }

  private async look(): Promise<void> {
    const { status } = await readinessOf(this.checks);
    if (this.stopped) return;
    this.tell(status === 'ok' ? 'SERVING' : 'NOT_SERVING');
    this.timer = setTimeout(() => void this.look(), lookMs);
  }

  private tell(status: 'SERVING' | 'NOT_SERVING'): void {
    if (status === this.last) return;
    this.last = status;
    this.names.forEach((name) => this.service.setStatus(name, status));
  }
}
