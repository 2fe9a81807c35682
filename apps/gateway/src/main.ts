import { loadConfig, type Config } from '@braid/contracts';
import { createLogger, exitOnUncaught, instanceName, stopOnSignals } from '@braid/service';
import { startGateway } from './gateway';
import { explainStartFailure, requireServers } from './start-failure';

async function main(): Promise<void> {
  let config: Config | undefined;
  try {
    config = loadConfig(process.env);
    requireServers(config);
    const instance = instanceName('gateway', config.BRAID_INSTANCE);
    const logger = createLogger({ level: config.BRAID_LOG_LEVEL, service: 'gateway', instance });
    const gateway = await startGateway(config, instance, logger);
    stopOnSignals({ logger, stop: () => gateway.close(), timeoutMs: config.BRAID_DRAIN_TIMEOUT });
    exitOnUncaught({ logger, stop: () => gateway.close() });
    logger.info({ url: gateway.url, grpc: gateway.grpc }, 'listening');
  } catch (error) {
    process.stderr.write(`Braid gateway: ${explainStartFailure(error, config)}\n`);
    process.exit(1);
  }
}

void main();
