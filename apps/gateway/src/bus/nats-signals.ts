import { subjectToken } from '@braid/contracts';
import { type Bus } from '@braid/messaging';
import { createInbox } from '@nats-io/transport-node';
import { type Signals } from './signals';

/** {@link Signals} over the bus. Bodies are handed on unread: most are only hints, and reading them would cost more. */
export function natsSignals(bus: Bus): Signals {
  return {
    listen(subject, heard) {
      const subscription = bus.nc.subscribe(subject, {
        callback: (error, message) => {
          if (error) bus.log.error({ error, subject }, 'listening was refused');
          else heard(message.subject, message.data);
        },
      });
      return () => {
        if (!subscription.isClosed()) subscription.unsubscribe();
      };
    },
    inbox: () => createInbox(`_INBOX_${subjectToken(bus.name)}`),
    flush: () => bus.nc.flush(),
  };
}
