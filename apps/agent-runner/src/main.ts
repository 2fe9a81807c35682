import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ConfigError, loadConfig } from '@braid/contracts';
import { type Bus, liveTransport } from '@braid/messaging';
import { createLogger, exitOnUncaught, instanceName, nestLogger, stopOnSignals } from '@braid/service';
import { Runner } from './runner';
import { RunnerModule } from './runner.module';
import { runnerBus } from './runner.tokens';

/** Beyond the drain timeout: for agents that are stopped, for the connection, for Nest. */
const stopMarginMs = 15_000;

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  if (config.NATS_URL === '')
    throw new ConfigError('NATS_URL: is missing; the runner needs a NATS server, 2.10 or newer');
  const name = instanceName('runner', config.BRAID_INSTANCE);
  const logger = createLogger({ level: config.BRAID_LOG_LEVEL, service: 'agent-runner', instance: name });
  const app = await NestFactory.create<NestFastifyApplication>(
    RunnerModule.register({ config, name, logger, environment: process.env }),
    new FastifyAdapter(),
    { logger: nestLogger(logger), abortOnError: false },
  );
  app.connectMicroservice(liveTransport(config.NATS_URL, name), { inheritAppConfig: true });
  const runner = app.get(Runner);
  const bus = app.get<Bus>(runnerBus);
  const stop = async () => {
    await runner.drain();
    await bus.close();
    await app.close();
  };
  stopOnSignals({ logger, stop, timeoutMs: config.BRAID_DRAIN_TIMEOUT + stopMarginMs });
  exitOnUncaught({ logger, stop });
  // Cancel signals are heard before the first work is taken.
  await app.startAllMicroservices();
  await app.listen(config.BRAID_HEALTH_PORT, config.BRAID_HEALTH_HOST);
  await runner.start();
  logger.info({ health: await app.getUrl() }, 'runner is ready');
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${error instanceof ConfigError ? error.message : message}\n`);
  process.exit(1);
});
