import { streams } from '@braid/contracts';
import { type Bus } from './bus';
import { type Provisioned } from './provisioner';
import { agentConsumer, type ConsumerSpec, partitionConsumer } from './topology';

/**
 * Makes every stream and the consumer of every partition, or changes them where they differ. Running it again changes nothing.
 * @throws ProvisionError when something exists that cannot be changed into what is needed.
 */
export async function provision(bus: Bus, options: { readonly partitions: number }): Promise<readonly Provisioned[]> {
  const done: Provisioned[] = [];
  for (const name of Object.values(streams)) done.push(await bus.provisioner.provisionStream(name));
  for (let partition = 0; partition < options.partitions; partition++) {
    done.push(await bus.provisioner.provisionConsumer(partitionConsumer(partition)));
  }
  return done;
}

/**
 * Makes what the runners of an agent pull from, and returns it. With `concurrency` (attempts of this agent that may run at
 * once, over all runners) an existing limit is changed to it; without, an existing limit stays.
 * @throws ProvisionError when a consumer of that name exists that cannot be changed into what is needed.
 */
export async function ensureAgentConsumer(
  bus: Bus,
  agent: string,
  options: { readonly concurrency?: number } = {},
): Promise<ConsumerSpec> {
  const consumer = agentConsumer(agent, options);
  await bus.provisioner.restoreConsumer(consumer);
  if (options.concurrency !== undefined) await bus.provisioner.provisionConsumer(consumer);
  return consumer;
}
