import { describe, expect, it } from '@jest/globals';
import { type Delivery } from '@braid/messaging';
import { letterOf, partsOf } from './letter';

function delivered() {
  const told: string[] = [];
  const delivery: Delivery = {
    subject: 'braid.in.0.reports',
    body: Buffer.from(''),
    deliveryCount: 2,
    header: () => undefined,
    ack: () => void told.push('ack'),
    nak: (ms) => void told.push(`nak ${ms}`),
    working: () => void told.push('working'),
    async deadLetter(reason) {
      told.push(`dead: ${reason}`);
    },
  };
  return { told, letter: letterOf(delivery, () => void told.push('released')) };
}

const settled = () => new Promise(setImmediate);

describe('a message in hand', () => {
  it('frees its slot when it ends, whichever way', async () => {
    for (const [end, word] of [
      ['done', 'ack'],
      ['again', 'nak 7'],
      ['setAside', 'dead: broken'],
    ] as const) {
      const { told, letter } = delivered();
      if (end === 'again') letter.again(7);
      else if (end === 'setAside') letter.setAside('broken');
      else letter.done();
      await settled();
      expect(told).toEqual([word, 'released']);
    }
  });
});

describe('a message with several parts', () => {
  it('ends once, when the last of them has', async () => {
    const { told, letter } = delivered();
    const [a, b, c] = partsOf(letter, 3);
    a?.done();
    c?.done();
    expect(told).toEqual([]);
    b?.done();
    await settled();
    expect(told).toEqual(['ack', 'released']);
    expect(b?.deliveries).toBe(2);
  });

  it('comes again when one of them has to, after the longest wait, even if another can never be handled', async () => {
    const { told, letter } = delivered();
    const [a, b, c] = partsOf(letter, 3);
    a?.again(5);
    b?.setAside('broken');
    c?.again(3);
    await settled();
    expect(told).toEqual(['nak 5', 'released']);
  });

  it('is set aside as a whole, with every reason, when the others are done', async () => {
    const { told, letter } = delivered();
    const [a, b, c] = partsOf(letter, 3);
    a?.setAside('no token');
    b?.done();
    c?.setAside('no step');
    await settled();
    expect(told).toEqual(['dead: number 1 of 3: no token; number 3 of 3: no step', 'released']);
  });

  it('is itself when it has one', () => {
    const { letter } = delivered();
    expect(partsOf(letter, 1)).toEqual([letter]);
  });
});
