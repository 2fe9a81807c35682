import { parseMessage, subjects } from '@braid/contracts';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { LiveAttempts } from '../workflows/live-attempts';
import { Presence } from './presence';

/** Hears the live signals of the runners. What is not such a signal is passed over: anybody may publish there. */
@Controller()
export class LiveController {
  constructor(
    private readonly attempts: LiveAttempts,
    private readonly presence: Presence,
  ) {}

  @EventPattern(subjects.heartbeats)
  heartbeat(@Payload() bytes: Uint8Array): void {
    const heartbeat = parseMessage('heartbeat', bytes);
    if (heartbeat.ok) this.attempts.heard(heartbeat.value);
  }

  @EventPattern(subjects.runner)
  runner(@Payload() bytes: Uint8Array): void {
    const presence = parseMessage('runner', bytes);
    if (presence.ok) this.presence.heard(presence.value);
  }
}
