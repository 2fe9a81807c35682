import { assignment, wholeNumber } from './options';

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

describe('whole numbers', () => {
  it('takes digits from the least value on', () => {
    expect(wholeNumber(1)('12')).toBe(12);
  });

  it.each(['0', '-1', '1.5', '1e3', 'x', '', '99999999999999999999'])('refuses %j', (text) => {
    expect(() => wholeNumber(1)(text)).toThrow('whole number from 1');
  });
});
