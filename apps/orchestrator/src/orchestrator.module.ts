import { type DynamicModule, Module } from '@nestjs/common';
import { type OpenEventStore } from '@braid/event-store';
import { type Bus } from '@braid/messaging';
import { HealthModule, type Registry } from '@braid/service';
import { HeartbeatsController } from './heartbeats.controller';
import { Orchestrator } from './orchestrator';

@Module({})
export class OrchestratorModule {
  static of(parts: {
    readonly orchestrator: Orchestrator;
    readonly bus: Bus;
    readonly events: OpenEventStore;
    readonly registry: Registry;
  }): DynamicModule {
    const { orchestrator, bus, events, registry } = parts;
    return {
      module: OrchestratorModule,
      imports: [
        HealthModule.forRootAsync({
          inject: [],
          useFactory: () => ({
            registry,
            checks: {
              postgres: async () => void (await events.store.heads()),
              nats: () => {
                if (!bus.connected) throw new Error('not connected');
              },
            },
          }),
        }),
      ],
      controllers: [HeartbeatsController],
      providers: [{ provide: Orchestrator, useValue: orchestrator }],
    };
  }
}
