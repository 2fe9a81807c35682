import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ConfigError, loadConfig } from '@braid/contracts';
import { openEventStore } from '@braid/event-store';
import { connectBus, liveTransport } from '@braid/messaging';
import { createLogger, createMetrics, exitOnUncaught, instanceName, nestLogger, stopOnSignals } from '@braid/service';
import { Orchestrator } from './orchestrator';
import { orchestratorMetrics } from './orchestrator-metrics';
import { OrchestratorModule } from './orchestrator.module';

/** Shorter keys could be guessed. */
const leastSecret = 32;

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  if (config.BRAID_SECRET.length < leastSecret) {
    throw new ConfigError(`BRAID_SECRET: needs at least ${leastSecret} characters, the same for all orchestrators`);
  }
  const instance = instanceName('orchestrator', config.BRAID_INSTANCE);
  const logger = createLogger({ level: config.BRAID_LOG_LEVEL, service: 'orchestrator', instance });
  const registry = createMetrics('orchestrator');
  const events = await openEventStore({ url: config.DATABASE_URL, partitions: config.BRAID_PARTITIONS });
  const bus = await connectBus({ url: config.NATS_URL, name: instance, log: logger });
  const metrics = orchestratorMetrics(registry);
  const orchestrator = new Orchestrator({ instance, config, events, bus, logger, metrics });

  const module = OrchestratorModule.of({ orchestrator, bus, events, registry });
  const app = await NestFactory.create(module, new FastifyAdapter(), { logger: nestLogger(logger) });
  app.connectMicroservice(liveTransport(config.NATS_URL, instance), { inheritAppConfig: true });
  await app.startAllMicroservices();
  await app.listen(config.BRAID_HEALTH_PORT, config.BRAID_HEALTH_HOST);
  await orchestrator.start();
  logger.info({ health: await app.getUrl(), partitions: orchestrator.partitions.length }, 'orchestrator is up');

  const stop = async () => {
    await orchestrator.stop();
    await bus.close();
    await app.close();
    await events.close();
  };
  stopOnSignals({ logger, stop, timeoutMs: config.BRAID_DRAIN_TIMEOUT + 5_000 });
  exitOnUncaught({ logger, stop });
}

main().catch((error: unknown) => {
  process.stderr.write(`braid orchestrator: ${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exit(error instanceof ConfigError ? 2 : 1);
});
