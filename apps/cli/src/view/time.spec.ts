import { span, took } from './time';

it.each([
  [0, '0 ms'],
  [-5, '0 ms'],
  [999.4, '999 ms'],
  [1_000, '1.0 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min 00 s'],
  [185_000, '3 min 05 s'],
  [7_800_000, '2 h 10 min'],
  [273_600_000, '3 d 4 h'],
])('shows %d ms as %s', (ms, shown) => {
  expect(span(ms)).toBe(shown);
});

it('measures to the end, or to now while there is none', () => {
  const start = '2026-01-01T00:00:00.000Z';

  expect(took(start, '2026-01-01T00:00:02.500Z', 0)).toBe('2.5 s');
  expect(took(start, undefined, Date.parse(start) + 300)).toBe('300 ms');
  expect(took(undefined, undefined, 0)).toBe('');
});
