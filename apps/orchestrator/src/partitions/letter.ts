import { type Delivery } from '@braid/messaging';
import { replyTo } from '../effects/dispatcher';

/** A message in hand, or a part of one. It has one end: `done`, `again` or `setAside`. */
export type Letter = {
  /** How often it was delivered; 1 for the first time. */
  readonly deliveries: number;
  readonly replyTo: string | undefined;
  /** What it asked for is on disk, or needs no record. */
  done(): void;
  /** It comes again after so many milliseconds. */
  again(ms: number): void;
  /** It can never be handled: it goes to the dead letters with the reason. */
  setAside(reason: string): void;
};

/** `release` frees the slot that the message takes, at its end. */
export function letterOf(delivery: Delivery, release: () => void): Letter {
  return {
    deliveries: delivery.deliveryCount,
    replyTo: replyTo(delivery),
    done() {
      delivery.ack();
      release();
    },
    again(ms) {
      delivery.nak(ms);
      release();
    },
    setAside: (reason) => void delivery.deadLetter(reason).finally(release),
  };
}

/**
 * The parts of a message that says several things. It ends when all of them have: it comes again as a whole when one of them has to,
 * since the others are recognised then, and is set aside as a whole when nothing but that is left to do with one of them.
 */
export function partsOf(letter: Letter, count: number): readonly Letter[] {
  if (count === 1) return [letter];
  let open = count;
  let wait = 0;
  const reasons: string[] = [];
  const ended = () => {
    open -= 1;
    if (open > 0) return;
    if (wait > 0) letter.again(wait);
    else if (reasons.length > 0) letter.setAside(reasons.join('; '));
    else letter.done();
  };
  return Array.from({ length: count }, (_, index) => ({
    deliveries: letter.deliveries,
    replyTo: letter.replyTo,
    done: ended,
    again(ms) {
      wait = Math.max(wait, ms);
      ended();
    },
    setAside(reason) {
      reasons.push(`number ${index + 1} of ${count}: ${reason}`);
      ended();
    },
  }));
}
