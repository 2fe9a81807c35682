import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/**
 * The name of this process among its replicas: the configured one, else made from service, host and process id. The random
 * end tells a process from its predecessor, which in a container has the same host name and the same process id.
 */
export function instanceName(service: string, configured: string): string {
  if (configured !== '') return configured;
  return `${service}-${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
}
