import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Recovery } from './recovery';

describe('The time until a service is ready again', () => {
  let ready = true;
  const member = { name: 'gateway-1', isReady: () => Promise.resolve(ready) };
  const other = { name: 'gateway-2', isReady: () => Promise.resolve(true) };
  let recovery: Recovery;

  beforeEach(() => {
    jest.useFakeTimers();
    ready = true;
    recovery = new Recovery([member, other]);
  });

  afterEach(() => {
    recovery.stop();
    jest.useRealTimers();
  });

  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

  it('counts from the end of the last disturbance of several, and for the families of all of them', async () => {
    const cut = recovery.disturb([member], 'network');
    const crash = recovery.disturb([member, other], 'postgres');
    await pass(10_000);
    cut();
    await pass(10_000);
    expect(recovery.waiting).toEqual(['gateway-1', 'gateway-2']);
    ready = false;
    crash();
    await pass(5_000);
    ready = true;
    await pass(1_000);
    expect(recovery.waiting).toEqual([]);
    const [ofMember = 0] = recovery.times.get('network') ?? [];
    expect(ofMember).toBeGreaterThanOrEqual(5_000);
    expect(ofMember).toBeLessThanOrEqual(6_000);
    expect(recovery.times.get('postgres')).toHaveLength(2);
    expect(recovery.worst('postgres')).toBe(ofMember);
  });

  it('knows who never was', async () => {
    const heal = recovery.disturb([member], 'network');
    ready = false;
    heal();
    await pass(100_000);
    expect([recovery.waiting, recovery.worst('network')]).toEqual([['gateway-1'], undefined]);
  });
});
