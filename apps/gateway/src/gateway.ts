import 'reflect-metadata';
import { type Config } from '@braid/contracts';
import { liveTransport } from '@braid/messaging';
import { type Logger, nestLogger } from '@braid/service';
import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Connections } from './edge/connections';
import { createHttpEdge } from './edge/fastify-app';
import { serveApiDescription } from './edge/openapi';
import { ValidatedPipe } from './edge/validated.pipe';
import { GatewayModule } from './gateway.module';
import { type GatewayServices, openServices } from './gateway-services';
import { type GrpcEdge, startGrpcEdge } from './grpc/grpc-edge';
import { ProblemFilter } from './problems/problem.filter';

export type Gateway = {
  /** Address that it listens on, `http://host:port`. */
  readonly url: string;
  /** Address that it serves gRPC on, `host:port`. */
  readonly grpc: string;
  /** Takes no more requests, finishes those that it has, ends event streams, and lets everything go. */
  close(): Promise<void>;
};

/**
 * Opens what a gateway needs and listens.
 * @throws what `explainStartFailure` can explain; nothing stays open then.
 */
export async function startGateway(config: Config, instance: string, logger: Logger): Promise<Gateway> {
  const services = await openServices(config, instance, logger);
  try {
    const app = await createApp(config, instance, services, logger);
    const connections = new Connections(app.getHttpServer());
    let grpc: GrpcEdge;
    try {
      await app.startAllMicroservices();
      await app.listen(config.BRAID_HTTP_PORT, config.BRAID_HTTP_HOST);
      grpc = await startGrpcEdge(services, {
        host: config.BRAID_HTTP_HOST,
        port: config.BRAID_GRPC_PORT,
        maxBodyBytes: config.BRAID_MAX_BODY_BYTES,
        stallMs: config.BRAID_STREAM_STALL,
        drainMs: config.BRAID_DRAIN_TIMEOUT,
        logger,
      });
    } catch (error) {
      await app.close();
      throw error;
    }
    return {
      url: await app.getUrl(),
      grpc: grpc.address,
      async close() {
        services.releaseClients();
        connections.endWhenIdle();
        await Promise.all([app.close(), grpc.close()]);
        await services.close();
      },
    };
  } catch (error) {
    await services.close();
    throw error;
  }
}

async function createApp(
  config: Config,
  instance: string,
  services: GatewayServices,
  logger: Logger,
): Promise<NestFastifyApplication> {
  const { adapter, allowedMethods } = await createHttpEdge({
    maxBodyBytes: config.BRAID_MAX_BODY_BYTES,
    registry: services.registry,
    gate: services.gate,
  });
  const app = await NestFactory.create<NestFastifyApplication>(GatewayModule.over(services), adapter, {
    bodyParser: false,
    logger: nestLogger(logger),
    abortOnError: false,
  });
  app.useGlobalPipes(new ValidatedPipe());
  app.useGlobalFilters(new ProblemFilter(logger, allowedMethods));
  // Live signals are core NATS and may be lost: what Nest's own transport is made for. Work never travels this way.
  app.connectMicroservice(liveTransport(config.NATS_URL, instance), { inheritAppConfig: true });
  serveApiDescription(app);
  return app;
}
