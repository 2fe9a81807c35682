import { describe, expect, test } from '@jest/globals';
import { momentFrom, parseMoment } from './moment';

describe('a moment', () => {
  test.each([
    ['1970-01-01', 0],
    ['2000-02-29T00:00Z', 951_782_400_000],
    ['2030-01-31T12:00:00Z', 1_896_091_200_000],
    ['2030-01-31 14:00:00.250+02:00', 1_896_091_200_250],
    ['2030-01-31t08:30:00-03:30', 1_896_091_200_000],
    ['1969-12-31T23:59:59.5z', -500],
    ['0001-01-01', -62_135_596_800_000],
    ['9999-12-31T23:59:59Z', 253_402_300_799_000],
  ])('%s is %d', (text, milliseconds) => {
    expect(parseMoment(text)).toBe(milliseconds);
    expect(Date.parse(text.replace(' ', 'T').toUpperCase())).toBe(milliseconds);
  });

  test.each([
    ...['2030-02-29', '1900-02-29', '2030-13-01', '2030-00-01', '2030-01-00', '2030-01-32', '2030-01-31T12:00'],
    ...['2030-01-31T24:00:00Z', '2030-01-31T12:60Z', '2030-01-31T12:00:60Z', '2030-01-31T12:00+24:00', '30-01-31', ''],
  ])('is not %j', (text) => {
    expect(parseMoment(text)).toBeUndefined();
  });

  test('may be told from now on', () => {
    expect([momentFrom('5m', 1_000), momentFrom('1970-01-02', 1_000), momentFrom('1w', 1_000)]).toEqual([
      301_000,
      86_400_000,
      undefined,
    ]);
  });
});
