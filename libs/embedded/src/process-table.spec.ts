import { expect, it } from '@jest/globals';
import { statFields } from './process-table';

it('reads a stat line whose command name holds blanks and brackets', () => {
  expect(statFields('42 (a) b (c)) S 1 42').slice(0, 2)).toEqual(['S', '1']);
});
