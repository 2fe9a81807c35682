import { type Deserializer, type NatsOptions, Transport } from '@nestjs/microservices';
import { parseAddress } from './address';

/** Hands the message's bytes to the handler, which validates them: nothing from the wire is believed before that. */
const asBytes: Deserializer<{ readonly data: Uint8Array }> = {
  deserialize: ({ data }, options) => ({ pattern: String(options?.['channel']), data }),
};

/**
 * Nest's own NATS transport, for live signals: core NATS, at most once, so never for work. Reconnects for ever. Handlers get
 * the bytes of the message, which has no reply.
 */
export function liveTransport(url: string, name: string): NatsOptions {
  return {
    transport: Transport.NATS,
    options: {
      ...parseAddress(url),
      name: `${name}-live`,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      pingInterval: 10_000,
      waitOnFirstConnect: true,
      deserializer: asBytes,
    },
  };
}
