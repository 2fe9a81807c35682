import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { parseMessage, subjects } from '@braid/contracts';
import { Orchestrator } from './orchestrator';

/** Hears which attempts runners are working on. */
@Controller()
export class HeartbeatsController {
  constructor(@Inject(Orchestrator) private readonly orchestrator: Orchestrator) {}

  @EventPattern(subjects.heartbeats)
  heard(@Payload() bytes: Uint8Array): void {
    const heartbeat = parseMessage('heartbeat', bytes);
    if (heartbeat.ok) this.orchestrator.heard(heartbeat.value);
  }
}
