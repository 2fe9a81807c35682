import { BraidClient } from '@braid/sdk';
import { resolve } from 'node:path';
import { type Cli } from './cli';
import { type GatewayOptions } from './options';
import { readRuntime } from './up/runtime-file';

const defaultAddress = 'http://127.0.0.1:3000';

/** The folder in which `braid up` keeps its data. */
export function dataDir(environment: Cli['environment']): string {
  return resolve(environment['BRAID_DATA_DIR'] || '.braid');
}

/** Where the gateway is: as told, else where the `braid up` of this data folder serves, else at the default port. */
export async function gatewayAddress(
  options: Pick<GatewayOptions, 'url'>,
  environment: Cli['environment'],
): Promise<string> {
  const told = options.url ?? environment['BRAID_URL'];
  if (told !== undefined && told !== '') return told;
  return (await readRuntime(dataDir(environment)))?.url ?? defaultAddress;
}

export async function gatewayClient(options: Pick<GatewayOptions, 'url'>, cli: Cli): Promise<BraidClient> {
  return new BraidClient({
    baseUrl: await gatewayAddress(options, cli.environment),
    onWait: ({ title }, waitMs) => cli.terminal.note(`${title}; trying again in ${Math.ceil(waitMs / 1_000)} s`),
  });
}
