import { jetstreamManager, type NextMsgRequest } from '@nats-io/jetstream';
import { streams } from '@braid/contracts';
import { type Bus } from './bus';
import { keepDeadLetter } from './dead-letter-copy';

/** Strays that one call sets aside at most. */
const atOnce = 100;

/**
 * Sets messages aside that no partition's consumer takes, because their subject names no partition: without this they would
 * lie in the work queue for ever. What partitions take leaves the queue by itself, so strays are what is oldest in it.
 * @returns how many went to the dead letters.
 */
export async function setAsideStrays(bus: Bus, options: { readonly partitions: number }): Promise<number> {
  const jsm = await jetstreamManager(bus.nc, { checkAPI: false });
  let sequence = 1;
  for (let count = 0; ; count++) {
    const query: NextMsgRequest & { seq: number } = { seq: sequence, next_by_subj: 'braid.in.>' };
    const oldest = count < atOnce ? await jsm.streams.getMessage(streams.in, query) : null;
    if (oldest === null || namesPartition(oldest.subject, options.partitions)) return count;
    const { subject, data: body, header: headers, seq } = oldest;
    const reason =
      `the subject names no partition: write braid.in.<partition>.<start|report|command>.<workflow>, ` +
      `with a partition from 0 to ${options.partitions - 1}`;
    await keepDeadLetter(bus, streams.in, { subject, body, headers, deliveries: 0, sequence: seq }, reason);
    await jsm.streams.deleteMessage(streams.in, seq);
    sequence = seq + 1;
  }
}

/** Whether the consumer of a partition takes the subject: its filter asks for at least one token after the partition. */
function namesPartition(subject: string, partitions: number): boolean {
  const [, , partition = '', ...rest] = subject.split('.');
  return rest.length > 0 && /^(0|[1-9]\d*)$/.test(partition) && Number(partition) < partitions;
}
