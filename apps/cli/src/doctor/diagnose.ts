import { loadConfig } from '@braid/contracts';
import { type Cli } from '../cli';
import { gatewayAddress } from '../gateway';
import { type GatewayOptions } from '../options';
import { serverAddresses } from '../server-addresses';
import { checkGateway } from './check-gateway';
import { checkNats } from './check-nats';
import { checkNode } from './check-node';
import { checkPostgres } from './check-postgres';
import { type Finding } from './finding';

/** Checks everything that Braid needs; nothing is changed. */
export async function diagnose(options: GatewayOptions, { environment }: Cli): Promise<readonly Finding[]> {
  const config = loadConfig(environment);
  const { databaseUrl, natsUrl } = await serverAddresses(config, environment);
  const found = await Promise.all([
    checkPostgres(databaseUrl, config.BRAID_PARTITIONS),
    checkNats(natsUrl),
    gatewayAddress(options, environment).then(checkGateway),
  ]);
  return [checkNode(process.versions.node), ...found.flat()];
}
