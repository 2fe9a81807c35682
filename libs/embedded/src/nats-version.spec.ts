import { describe, expect, it } from '@jest/globals';
import { compareVersions, NATS_MINIMUM, parseVersion } from './nats-version';

describe('the version of nats-server', () => {
  it.each([
    ['nats-server: v2.10.4\n', [2, 10, 4]],
    ['nats-server: v2.15.1', [2, 15, 1]],
    ['nats-server: v2.12.0-RC.3', [2, 12, 0]],
    ['2.9.10', [2, 9, 10]],
  ])('is read from %j', (output, version) => expect(parseVersion(output)).toEqual(version));

  it('is unknown when the output names none', () => expect(parseVersion('nats-server: dev')).toBeUndefined());

  it('is compared number by number', () => {
    expect(compareVersions([2, 9, 10], NATS_MINIMUM)).toBeLessThan(0);
    expect(compareVersions([2, 10, 0], NATS_MINIMUM)).toBe(0);
    expect(compareVersions([3, 0, 0], NATS_MINIMUM)).toBeGreaterThan(0);
    expect(compareVersions([2, 10, 2], [2, 10, 10])).toBeLessThan(0);
  });
});
