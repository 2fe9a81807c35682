import { type DynamicModule, Module } from '@nestjs/common';
import { createAgents, secretsFromEnvironment } from '@braid/agents';
import { type Config } from '@braid/contracts';
import { type Bus, connectBus } from '@braid/messaging';
import { createMetrics, HealthModule, type Logger, type Registry } from '@braid/service';
import { CancelController } from './cancel.controller';
import { Runner } from './runner';
import { runnerBus, runnerLogger, runnerRegistry } from './runner.tokens';
import { openScratch } from './scratch';
import { join } from 'node:path';

export type RunnerModuleOptions = {
  readonly config: Config;
  readonly name: string;
  readonly logger: Logger;
  readonly environment: { readonly [name: string]: string | undefined };
};

@Module({})
export class RunnerModule {
  static register(options: RunnerModuleOptions): DynamicModule {
    return {
      module: RunnerModule,
      global: true,
      imports: [
        HealthModule.forRootAsync({
          inject: [runnerRegistry, runnerBus, Runner],
          useFactory: (registry: Registry, bus: Bus, runner: Runner) => ({
            registry,
            checks: { nats: () => connected(bus), runner: () => taking(runner) },
          }),
        }),
      ],
      controllers: [CancelController],
      providers: [
        { provide: runnerLogger, useValue: options.logger },
        { provide: runnerRegistry, useFactory: () => createMetrics('agent-runner') },
        {
          provide: runnerBus,
          useFactory: () => connectBus({ url: options.config.NATS_URL, name: options.name, log: options.logger }),
        },
        {
          provide: Runner,
          inject: [runnerBus, runnerRegistry],
          useFactory: (bus: Bus, registry: Registry) => createRunner(options, bus, registry),
        },
      ],
      exports: [Runner, runnerBus, runnerRegistry],
    };
  }
}

async function createRunner(options: RunnerModuleOptions, bus: Bus, registry: Registry): Promise<Runner> {
  const { config, logger, name } = options;
  const scratch = await openScratch();
  const { agents, problems } = await createAgents({
    only: config.BRAID_AGENTS,
    dir: config.BRAID_AGENTS_DIR,
    slots: config.BRAID_SLOTS,
    maxOutputBytes: config.BRAID_MAX_OUTPUT_BYTES,
    httpAllow: config.BRAID_HTTP_ALLOW,
    commandAllow: config.BRAID_COMMAND_ALLOW,
    cacheDir: join(scratch.root, 'compiled-agents'),
    environment: options.environment,
    onError: (error) => logger.warn({ error }, 'a thread of an agent ended outside an attempt'),
  });
  for (const problem of problems)
    logger.error({ ...problem }, 'an agent file could not be loaded; its agents are not served');
  logger.info({ agents: agents.map((agent) => agent.name), slots: config.BRAID_SLOTS }, 'agents that are served');
  return new Runner(
    {
      bus,
      agents,
      scratch,
      secrets: secretsFromEnvironment(options.environment),
      logger,
      registry,
    },
    {
      name,
      slots: config.BRAID_SLOTS,
      heartbeatIntervalMs: config.BRAID_HEARTBEAT_INTERVAL,
      drainTimeoutMs: config.BRAID_DRAIN_TIMEOUT,
      maxOutputBytes: config.BRAID_MAX_OUTPUT_BYTES,
    },
  );
}

function connected(bus: Bus): void {
  if (!bus.connected) throw new Error('not connected to NATS');
}

function taking(runner: Runner): void {
  if (!runner.running) throw new Error('not taking work');
}
