import { allowance, assignment, wholeNumber } from './options';

describe('--var and --context', () => {
  it('takes JSON where it parses and text elsewhere', () => {
    const texts = ['count=3', 'list=["a",1]', 'on=true', 'name=main', 'url=http://a/?b=c', 'empty='];

    expect(texts.reduce((all, text) => assignment(text, all), {})).toEqual({
      count: 3,
      list: ['a', 1],
      on: true,
      name: 'main',
      url: 'http://a/?b=c',
      empty: '',
    });
  });

  it.each(['noequals', '=value', ''])('refuses %j, which has no name and value', (text) => {
    expect(() => assignment(text)).toThrow('write name=value');
  });

  it('refuses a name that is given twice', () => {
    expect(() => assignment('a=2', { a: 1 })).toThrow('given twice');
  });
});

describe('--budget', () => {
  it('takes amounts by unit', () => {
    expect(['tokens=1000', 'usd=0.5', 'attempts=0'].reduce((all, text) => allowance(text, all), {})).toEqual({
      tokens: 1000,
      usd: 0.5,
      attempts: 0,
    });
  });

  it.each(['tokens', 'tokens=', 'tokens=many', '=5', 'tokens=-1', 'tokens=1=2', 'tokens=Infinity', ''])(
    'refuses %j, which is no unit and amount',
    (text) => expect(() => allowance(text)).toThrow('write tokens=1000'),
  );

  it('refuses a unit that is given twice', () => {
    expect(() => allowance('tokens=2', { tokens: 1 })).toThrow('given twice');
  });
});

describe('whole numbers', () => {
  it('takes digits from the least value on', () => {
    expect(wholeNumber(1)('12')).toBe(12);
  });

  it.each(['0', '-1', '1.5', '1e3', 'x', '', '99999999999999999999'])('refuses %j', (text) => {
    expect(() => wholeNumber(1)(text)).toThrow('whole number from 1');
  });
});
