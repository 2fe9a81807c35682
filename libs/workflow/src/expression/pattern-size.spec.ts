import { expect, it } from '@jest/globals';
import { RE2JS } from 're2js';
import { patternSize } from './pattern-size';

// Seen to fail with the repetitions of groups not multiplied, and with `L` of `\pL` repeated in place of the class.
it.each([
  'abc',
  '^[a-z]+$',
  'a{30}b{2,5}c{3,}',
  '((a{10}b){10}|c){9}',
  '(?i)\\pL{20}x',
  '\\p{Greek}{30}',
  '(ab|cd){100}',
  '[a-z]{900}!',
  '\\({100}',
  '(a?){50}(b*){50}',
  '(x|y|[^z]){333}',
])('%s has a program that is not much larger than estimated', (pattern) => {
  expect(RE2JS.compile(pattern).programSize()).toBeLessThanOrEqual(3 * patternSize(pattern));
});

it.each(['a{2', 'a{x}', '{5}', ')))(((', '\\', '\\p', '\\p{', '((((', 'a{1,2,3}', ''])('%s has a size', (pattern) => {
  expect(patternSize(pattern)).toBeGreaterThan(0);
});

it('finds the size of a pattern that would take long to compile', () => {
  expect(patternSize(`(${'ab'.repeat(100)}){1000}`)).toBeGreaterThan(200_000);
  expect(patternSize('((a{10}){10}){10}')).toBeGreaterThan(1_000);
});
