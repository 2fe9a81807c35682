import { ConfigError, type Config } from '@braid/contracts';
import { StoreSetupError, StoreUnavailableError } from '@braid/event-store';
import { GrpcListenError } from './grpc/listen-error';

/** What a person must change so that the gateway can start. */
export function explainStartFailure(error: unknown, config: Config | undefined): string {
  if (error instanceof ConfigError) return `the configuration cannot be used:\n${error.message}`;
  if (error instanceof StoreSetupError) return error.message;
  if (error instanceof StoreUnavailableError) return `${error.message}. Check DATABASE_URL.`;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const setting = error instanceof GrpcListenError ? 'BRAID_GRPC_PORT' : 'BRAID_HTTP_PORT';
  const address = config === undefined ? '' : `${config.BRAID_HTTP_HOST}:${config[setting]}`;
  switch (code) {
    case 'EADDRINUSE':
      return `something else listens on ${address} already. Set ${setting} to a free port (0 takes any), or stop the other.`;
    case 'EACCES':
      return `this user may not listen on ${address}. Set ${setting} to a port from 1024 on.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `this machine has no address ${config?.BRAID_HTTP_HOST ?? ''}. Set BRAID_HTTP_HOST to one of its own, for example 127.0.0.1 or 0.0.0.0.`;
    default:
      return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

/** @throws ConfigError when the servers that a gateway needs are not named. */
export function requireServers(config: Config): void {
  const missing = (['DATABASE_URL', 'NATS_URL'] as const).filter((name) => config[name] === '');
  if (missing.length === 0) return;
  throw new ConfigError(
    missing.map((name) => `${name}: is needed here; "npm start" brings embedded servers up by itself`).join('\n'),
  );
}
