import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { parseMessage, subjects } from '@braid/contracts';
import { type Logger } from '@braid/service';
import { runnerLogger } from './runner.tokens';
import { Runner } from './runner';

/** Every runner hears every cancel signal. */
@Controller()
export class CancelController {
  constructor(
    private readonly runner: Runner,
    @Inject(runnerLogger) private readonly logger: Logger,
  ) {}

  @EventPattern(subjects.cancel)
  cancel(@Payload() bytes: Uint8Array): void {
    const parsed = parseMessage('cancel', bytes);
    if (parsed.ok) this.runner.cancel(parsed.value);
    else this.logger.warn({ reason: parsed.reason }, 'a cancel signal could not be read');
  }
}
