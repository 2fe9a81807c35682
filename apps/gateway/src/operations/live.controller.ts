import { subjects } from '@braid/contracts';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { LiveAttempts, readHeartbeat } from '../workflows/live-attempts';
import { Presence, readPresence } from './presence';

/** Hears the live signals of the runners. What is not such a signal is passed over: anybody may publish there. */
@Controller()
export class LiveController {
  constructor(
    private readonly attempts: LiveAttempts,
    private readonly presence: Presence,
  ) {}

  @EventPattern(subjects.heartbeats)
  heartbeat(@Payload() payload: unknown): void {
    const heartbeat = readHeartbeat(payload);
    if (heartbeat) this.attempts.heard(heartbeat);
  }

  @EventPattern(subjects.runner)
  runner(@Payload() payload: unknown): void {
    const presence = readPresence(payload);
    if (presence) this.presence.heard(presence);
  }
}
