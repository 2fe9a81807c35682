import { Controller, Get, Header, HttpException, HttpStatus, Inject } from '@nestjs/common';
import { type Registry } from 'prom-client';
import { type Readiness, readinessOf } from './readiness';

/** Injection token of {@link HealthOptions}. */
export const healthOptions = Symbol('healthOptions');

export type HealthOptions = {
  readonly registry: Registry;
  /** What must work before the service takes work, by name. Evaluated at every request. */
  readonly checks: Readiness;
};

@Controller()
export class HealthController {
  constructor(@Inject(healthOptions) private readonly options: HealthOptions) {}

  /** 200 while the process can answer at all. */
  @Get('health/live')
  live(): { readonly status: 'ok' } {
    return { status: 'ok' };
  }

  /** 200 when every check holds, else 503 with the reasons. */
  @Get('health/ready')
  @Header('cache-control', 'no-store')
  async ready(): Promise<object> {
    const answer = await readinessOf(this.options.checks);
    if (answer.status !== 'ok') throw new HttpException(answer, HttpStatus.SERVICE_UNAVAILABLE);
    return answer;
  }

  /** Prometheus text format. */
  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  metrics(): Promise<string> {
    return this.options.registry.metrics();
  }
}
