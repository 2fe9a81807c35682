import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, type Delivery, type IntakeOptions } from '../src';

/** Waits until something is true, at most `withinMs`. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 20_000,
): Promise<void> {
  for (const end = Date.now() + withinMs; !(await condition()); await sleep(10)) {
    if (Date.now() > end) throw new Error(`Not within ${withinMs} ms: ${what}`);
  }
}

export const textOf = (delivery: Delivery): string => Buffer.from(delivery.body).toString();

/** An intake whose handler acks everything, and the bodies that came. */
export function collect(bus: Bus, options: Pick<IntakeOptions, 'consumer' | 'slots'>) {
  const bodies: string[] = [];
  const intake = bus.openIntake({
    ...options,
    handler: (delivery) => {
      bodies.push(textOf(delivery));
      delivery.ack();
      intake.release();
    },
  });
  return { bodies, stop: () => intake.stop() };
}
