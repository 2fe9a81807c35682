import { describe, expect, it } from '@jest/globals';
import { sleep, systemClock } from './clock';

describe('the clock of a process', () => {
  it('tells the time of day and the time that has passed', async () => {
    const [now, before] = [systemClock.now(), systemClock.monotonic()];
    await sleep(systemClock, 20);
    expect(systemClock.monotonic() - before).toBeGreaterThan(15);
    expect(systemClock.now() - now).toBeGreaterThan(15);
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
  });

  it('acts once or again and again, and not at all when it was stopped', async () => {
    const done: string[] = [];
    systemClock.after(1, () => done.push('once'));
    systemClock.after(1, () => done.push('never')).stop();
    await new Promise<void>((resolve) => {
      let times = 0;
      const timer = systemClock.every(1, () => {
        if (++times < 3) return;
        timer.stop();
        resolve();
      });
    });
    await sleep(systemClock, 5);
    expect(done).toEqual(['once']);
  });

  it('acts soon: after what is happening, and before what takes time', async () => {
    const done: string[] = [];
    await new Promise<void>((resolve) => {
      systemClock.after(20, () => resolve(void done.push('later')));
      systemClock.soon(() => void done.push('soon'));
      done.push('now');
    });
    expect(done).toEqual(['now', 'soon', 'later']);
  });

  it('draws from 0 to 1', () => {
    const drawn = Array.from({ length: 100 }, () => systemClock.random());
    expect(drawn.every((chance) => chance >= 0 && chance < 1)).toBe(true);
    expect(new Set(drawn).size).toBeGreaterThan(90);
  });
});
