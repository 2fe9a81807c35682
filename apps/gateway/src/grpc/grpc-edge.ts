import { braidV1, googleRpc, grpcHealth } from '@braid/contracts';
import { Gauge, Histogram, type Logger, type Registry } from '@braid/service';
import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';
import { type GatewayServices } from '../gateway-services';
import { Calls } from './calls';
import { Entrance } from './entrance';
import { eventHandlers } from './event-handlers';
import { GrpcHealth } from './health';
import { GrpcListenError } from './listen-error';
import { playbookHandlers } from './playbook-handlers';
import { reflectionOf } from './reflection';
import { workflowHandlers } from './workflow-handlers';

/** What the gRPC edge offers: the same as the HTTP edge does. */
type GrpcServices = Pick<
  GatewayServices,
  'starter' | 'gate' | 'commands' | 'queries' | 'streams' | 'catalogue' | 'checks' | 'registry'
>;

export type GrpcOptions = {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly maxBodyBytes: number;
  /** A client of a stream that takes nothing for this long is cut off, in milliseconds. */
  readonly stallMs: number;
  /** How long calls may finish when the edge closes, in milliseconds. */
  readonly drainMs: number;
  readonly logger: Logger;
};

export type GrpcEdge = {
  /** Address that it listens on, `host:port`. */
  readonly address: string;
  /** Ends streams so that clients go elsewhere, finishes other calls, and lets the port go. */
  close(): Promise<void>;
};

/** A client that does not answer a ping within this time is gone, in milliseconds. */
const pingTimeoutMs = 10_000;
const pingEveryMs = 30_000;
/** Calls that one connection may have open at once. */
const mostCalls = 1_000;
/** Trailers and the end of streams are on their way for a moment after the last call has ended. */
const farewellMs = 500;

const prefix = '/braid.v1.';
const served = [braidV1.WorkflowService, braidV1.PlaybookService, braidV1.EventService] as const;
/** What reflection tells: the services, and what the details of a refusal are. */
const files = [...served, grpcHealth.Health, googleRpc.StatusSchema, googleRpc.ErrorInfoSchema].map(({ file }) => file);

/**
 * Serves the package `braid.v1`, health and reflection.
 * @throws GrpcListenError
 */
export async function startGrpcEdge(services: GrpcServices, options: GrpcOptions): Promise<GrpcEdge> {
  const calls = new Calls({ logger: options.logger, stallMs: options.stallMs, observe: observer(services.registry) });
  measureStreams(services.registry, calls);
  // It writes to the console itself; what matters comes as an error.
  setLogVerbosity(logVerbosity.NONE);
  const entrance = new Entrance(prefix);
  const health = new GrpcHealth(services.checks, ['', ...served.map(({ typeName }) => typeName)]);
  const server = new Server({
    interceptors: [entrance.interceptor],
    'grpc.max_receive_message_length': options.maxBodyBytes,
    'grpc.max_concurrent_streams': mostCalls,
    'grpc.keepalive_time_ms': pingEveryMs,
    'grpc.keepalive_timeout_ms': pingTimeoutMs,
  });
  server.addService(...calls.serve(braidV1.WorkflowService, workflowHandlers(services)));
  server.addService(...calls.serve(braidV1.PlaybookService, playbookHandlers(services)));
  server.addService(...calls.serve(braidV1.EventService, eventHandlers(services)));
  health.service.addToServer(server);
  reflectionOf(files).addToServer(server);
  const port = await listen(server, options);
  await health.start();
  return {
    address: `${hostPart(options.host)}:${port}`,
    async close() {
      health.stop();
      const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      calls.endStreams();
      entrance.end();
      await Promise.race([closed, calls.drained().then(() => timer(farewellMs)), timer(options.drainMs)]);
      server.forceShutdown();
    },
  };
}

function listen(server: Server, { host, port }: GrpcOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${hostPart(host)}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(new GrpcListenError(error));
      else resolve(bound);
    });
  });
}

/** An IPv6 address stands in brackets before a port. */
function hostPart(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Holds nothing up when it is no longer waited for. */
function timer(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

function observer(registry: Registry) {
  const durations = new Histogram({
    name: 'braid_grpc_call_seconds',
    help: 'How long calls took, by method',
    labelNames: ['method', 'code'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    registers: [registry],
  });
  return (method: string, code: string, seconds: number) => durations.observe({ method, code }, seconds);
}

function measureStreams(registry: Registry, calls: Calls): void {
  new Gauge({
    name: 'braid_gateway_grpc_streams',
    help: 'Clients that follow events over gRPC now',
    registers: [registry],
    collect() {
      this.set(calls.streaming);
    },
  });
}
