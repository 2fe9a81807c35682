import { type ConsumerConfig, type StreamConfig } from '@nats-io/jetstream';
import { nanos } from '@nats-io/nats-core';
import { streams, subjects, subjectToken } from '@braid/contracts';

/** How much the streams may hold. Every process of an installation uses the same figures: each of them may have to make a lost stream again. */
export type StreamLimits = {
  /** Copies of each stream in a cluster of NATS servers; 1 on a single server. */
  readonly replicas: number;
  /** Beyond these, publishing into the stream is refused. */
  readonly inMessages: number;
  readonly inBytes: number;
  readonly workMessages: number;
  readonly workBytes: number;
  /** Beyond these, the oldest go. Ages in milliseconds. */
  readonly eventsBytes: number;
  readonly eventsAge: number;
  readonly deadBytes: number;
  readonly deadAge: number;
  /** Bodies that are too large for a message; beyond these bytes, publishing such a message is refused. */
  readonly bodiesBytes: number;
  readonly bodiesAge: number;
};

const MiB = 1024 * 1024;
const DAY = 86_400_000;

export const defaultStreamLimits: StreamLimits = {
  replicas: 1,
  inMessages: 1_000_000,
  inBytes: 512 * MiB,
  workMessages: 1_000_000,
  workBytes: 512 * MiB,
  eventsBytes: 1024 * MiB,
  eventsAge: 7 * DAY,
  deadBytes: 256 * MiB,
  deadAge: 30 * DAY,
  bodiesBytes: 4096 * MiB,
  bodiesAge: 7 * DAY,
};

export type StreamName = (typeof streams)[keyof typeof streams];

export type StreamSpec = Pick<
  StreamConfig,
  | 'subjects'
  | 'retention'
  | 'discard'
  | 'storage'
  | 'max_msgs'
  | 'max_bytes'
  | 'max_age'
  | 'num_replicas'
  | 'duplicate_window'
> & { readonly name: StreamName };

export type ConsumerSpec = {
  readonly stream: StreamName;
  readonly name: string;
  readonly config: Pick<
    ConsumerConfig,
    | 'durable_name'
    | 'filter_subject'
    | 'ack_policy'
    | 'deliver_policy'
    | 'ack_wait'
    | 'max_deliver'
    | 'max_ack_pending'
    | 'max_waiting'
  >;
};

/** How long the server remembers a `Nats-Msg-Id`. */
const duplicateWindow = nanos(120_000);
const common = { storage: 'file', duplicate_window: duplicateWindow } as const;

/**
 * The streams. Work queues refuse what they cannot hold, so that a flood is felt by whoever makes it; logs drop their oldest,
 * so that a flood of dead letters or events stops nobody.
 */
export function streamSpecs(limits: StreamLimits): Readonly<Record<StreamName, StreamSpec>> {
  const shared = { ...common, num_replicas: limits.replicas };
  return {
    [streams.in]: {
      ...shared,
      name: streams.in,
      subjects: ['braid.in.>'],
      retention: 'workqueue',
      discard: 'new',
      max_msgs: limits.inMessages,
      max_bytes: limits.inBytes,
      max_age: 0,
    },
    [streams.work]: {
      ...shared,
      name: streams.work,
      subjects: ['braid.work.>'],
      retention: 'workqueue',
      discard: 'new',
      max_msgs: limits.workMessages,
      max_bytes: limits.workBytes,
      max_age: 0,
    },
    [streams.events]: {
      ...shared,
      name: streams.events,
      subjects: ['braid.events.>'],
      retention: 'limits',
      discard: 'old',
      max_msgs: -1,
      max_bytes: limits.eventsBytes,
      max_age: nanos(limits.eventsAge),
    },
    [streams.dead]: {
      ...shared,
      name: streams.dead,
      subjects: ['braid.dead.>'],
      retention: 'limits',
      discard: 'old',
      max_msgs: -1,
      max_bytes: limits.deadBytes,
      max_age: nanos(limits.deadAge),
    },
  };
}

const prefixes: readonly (readonly [string, StreamName])[] = [
  ['braid.in.', streams.in],
  ['braid.work.', streams.work],
  ['braid.events.', streams.events],
  ['braid.dead.', streams.dead],
];

/** The stream that keeps messages of this subject; `undefined` when none does. */
export function streamOf(subject: string): StreamName | undefined {
  return prefixes.find(([prefix]) => subject.startsWith(prefix))?.[1];
}

/** Redelivery never gives up: what can never be handled is dead-lettered by its handler, with its body. */
const pull = { ack_policy: 'explicit', deliver_policy: 'all', max_deliver: -1 } as const;

/** What the owner of a partition pulls from. */
export function partitionConsumer(partition: number): ConsumerSpec {
  const name = `in-${partition}`;
  return {
    stream: streams.in,
    name,
    config: {
      ...pull,
      durable_name: name,
      filter_subject: subjects.inOfPartition(partition),
      ack_wait: nanos(8_000),
      max_ack_pending: 65_536,
      max_waiting: 512,
    },
  };
}

/** Deliveries of one agent that may be open at once where no limit was asked for. */
const unlimitedConcurrency = 65_536;

/** What the runners of an agent pull from. `concurrency`: how many of its attempts may run at once, over all runners. */
export function agentConsumer(agent: string, options: { readonly concurrency?: number } = {}): ConsumerSpec {
  const name = `work-${subjectToken(agent)}`;
  return {
    stream: streams.work,
    name,
    config: {
      ...pull,
      durable_name: name,
      filter_subject: subjects.work(agent),
      ack_wait: nanos(10_000),
      max_ack_pending: options.concurrency ?? unlimitedConcurrency,
      max_waiting: 4_096,
    },
  };
}
