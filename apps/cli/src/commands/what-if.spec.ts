import { convergeFields } from './what-if';

it('reads the fields of converge as a playbook has them', () => {
  expect(
    convergeFields({ strategy: 'x', require: '2', by: '1', tieBreak: 'first', weight: { a: 2 }, initial: '{"n":0}' }),
  ).toEqual({ require: 2, by: '1', tieBreak: 'first', weights: { a: 2 }, initial: { n: 0 } });
  expect(convergeFields({ require: '67%', with: '${{ accumulator }}' })).toEqual({
    require: '67%',
    with: '${{ accumulator }}',
  });
});
