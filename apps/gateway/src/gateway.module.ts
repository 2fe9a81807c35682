import { HealthModule } from '@braid/service';
import { type DynamicModule, Module } from '@nestjs/common';
import { EventStreams } from './edge/event-streams';
import { PublicStreams } from './events/public-streams';
import { StreamsController } from './events/streams.controller';
import { type GatewayServices } from './gateway-services';
import { DeadLetters } from './operations/dead-letters';
import { LiveController } from './operations/live.controller';
import { OperationsController } from './operations/operations.controller';
import { OrphanReport } from './operations/orphan-report';
import { Presence } from './operations/presence';
import { Verification } from './operations/verification';
import { PlaybookCatalogue } from './playbooks/playbook-catalogue';
import { PlaybooksController } from './playbooks/playbooks.controller';
import { ProblemsController } from './problems/problems.controller';
import { LiveAttempts } from './workflows/live-attempts';
import { ConvergencePreviewController } from './workflows/convergence-preview.controller';
import { WorkflowCommands } from './workflows/workflow-commands';
import { WorkflowCommandsController } from './workflows/workflow-commands.controller';
import { WorkflowQueries } from './workflows/workflow-queries';
import { WorkflowStarter } from './workflows/workflow-starter';
import { WorkflowsController } from './workflows/workflows.controller';

/** The HTTP edge and the ear for live signals, over services that were opened before. */
@Module({})
export class GatewayModule {
  static over(services: GatewayServices): DynamicModule {
    return {
      module: GatewayModule,
      imports: [
        HealthModule.forRootAsync({
          inject: [],
          useFactory: () => ({ registry: services.registry, checks: services.checks }),
        }),
      ],
      controllers: [
        WorkflowsController,
        WorkflowCommandsController,
        ConvergencePreviewController,
        StreamsController,
        PlaybooksController,
        OperationsController,
        ProblemsController,
        LiveController,
      ],
      providers: [
        { provide: WorkflowStarter, useValue: services.starter },
        { provide: WorkflowCommands, useValue: services.commands },
        { provide: WorkflowQueries, useValue: services.queries },
        { provide: PlaybookCatalogue, useValue: services.catalogue },
        { provide: PublicStreams, useValue: services.streams },
        { provide: EventStreams, useValue: services.clients },
        { provide: DeadLetters, useValue: services.deadLetters },
        { provide: OrphanReport, useValue: services.orphans },
        { provide: Verification, useValue: services.verification },
        { provide: Presence, useValue: services.presence },
        { provide: LiveAttempts, useValue: services.attempts },
      ],
    };
  }
}
