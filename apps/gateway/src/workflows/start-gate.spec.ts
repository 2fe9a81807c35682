import { describe, expect, it } from '@jest/globals';
import { Problem } from '../problems/problem';
import { StartGate } from './start-gate';

function gateWith(limits: Partial<ConstructorParameters<typeof StartGate>[0]> = {}) {
  const clock = { now: 0 };
  const refused: string[] = [];
  const all = { most: 2, mostBytes: 1_000, patienceMs: 100, ...limits };
  return {
    clock,
    refused,
    gate: new StartGate(
      all,
      (code) => refused.push(code),
      () => clock.now,
    ),
  };
}

function refusal(act: () => unknown): Problem | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

describe('the room for starts', () => {
  it('is given to so many at once, and again when one has left', () => {
    const { gate, refused } = gateWith();
    const place = gate.enter(1);
    gate.enter(1);
    expect(refusal(() => gate.enter(1))?.code).toBe('gateway.busy');
    place.leave();
    place.leave();
    gate.enter(1);
    expect(refusal(() => gate.enter(1))?.code).toBe('gateway.busy');
    expect(refused).toEqual(['gateway.busy', 'gateway.busy']);
  });

  it('is given for so many bytes at once, and to a start alone however large it is', () => {
    const { gate } = gateWith();
    const large = gate.enter(5_000);
    expect(refusal(() => gate.enter(1))?.code).toBe('gateway.busy');
    large.leave();
    gate.enter(999);
    expect(refusal(() => gate.enter(2))?.code).toBe('gateway.busy');
    gate.enter(1);
    expect(gate.inHand).toBe(2);
  });

  it('is refused for a time that grows with how long starts take, from 1 to 30 seconds', () => {
    const { gate, clock } = gateWith({ most: 1 });
    const pause = () => {
      gate.enter(1);
      return refusal(() => gate.enter(1))?.extras.retryAfter ?? 0;
    };
    expect(pause()).toBe(1);
    const slow = gateWith({ most: 1 });
    for (let n = 0; n < 200; n++) {
      const place = slow.gate.enter(1);
      slow.clock.now += 20_000;
      place.leave();
    }
    slow.gate.enter(1);
    for (let n = 0; n < 20; n++) {
      const seconds = refusal(() => slow.gate.enter(1))?.extras.retryAfter ?? 0;
      expect(seconds).toBeGreaterThanOrEqual(10);
      expect(seconds).toBeLessThanOrEqual(30);
    }
    expect(clock.now).toBe(0);
  });
});

describe('those who wait for a receipt', () => {
  it('let nobody else in when the oldest has waited too long, until it is answered', () => {
    const { gate, clock, refused } = gateWith();
    const oldest = gate.join(1);
    clock.now = 60;
    const younger = gate.join(1);
    clock.now = 101;
    expect(refusal(() => gate.join(1))?.code).toBe('orchestrator.behind');
    gate.join(2).answered();
    oldest.answered();
    gate.join(1).answered();
    younger.answered();
    expect(refused).toEqual(['orchestrator.behind']);
  });

  it('are one at a time after some were given up, until one is answered', () => {
    const { gate, clock } = gateWith();
    const [first, second] = [gate.join(1), gate.join(1)];
    clock.now = 90;
    first.unanswered();
    expect(refusal(() => gate.join(1))?.code).toBe('orchestrator.behind');
    second.unanswered();
    const probe = gate.join(1);
    expect(refusal(() => gate.join(1))?.code).toBe('orchestrator.behind');
    probe.dropped();
    const next = gate.join(1);
    next.answered();
    gate.join(1);
    gate.join(1);
  });
});
