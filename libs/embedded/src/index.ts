export { embeddedServers, type EmbeddedServers, type EmbeddedServersOptions } from './embedded-servers';
export { EmbeddedError, type EmbeddedErrorCode } from './errors';
export { ownDirectory, type Release } from './owner-lock';
export { startNats, type NatsOptions, type NatsServer } from './nats';
export type { SyncInterval } from './nats-config';
export { startPostgres, type PostgresOptions, type PostgresServer } from './postgres';
export { endProcesses, processesLike, type RunningProcess } from './process-table';
