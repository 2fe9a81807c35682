import { describe, expect, it } from '@jest/globals';
import { classify, type StoreFailure } from './failures';

const coded = (code: string) => Object.assign(new Error('failed'), { code });

describe('an error of the driver', () => {
  it.each<[string, unknown, StoreFailure]>([
    ['refused connection', coded('ECONNREFUSED'), 'disconnected'],
    ['broken pipe, whose code looks like a state', coded('EPIPE'), 'disconnected'],
    ['every address refused', new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')]), 'disconnected'],
    ['cut connection', new Error('Connection terminated unexpectedly'), 'disconnected'],
    ['silent server', new Error('Query read timeout'), 'disconnected'],
    ['killed backend', coded('57P01'), 'disconnected'],
    ['server that starts', coded('57P03'), 'refused-for-now'],
    ['full disk', coded('53100'), 'refused-for-now'],
    ['too many connections', coded('53300'), 'refused-for-now'],
    ['deadlock', coded('40P01'), 'refused-for-now'],
    ['standby', coded('25006'), 'disconnected'],
    ['existing key', coded('23505'), 'duplicate'],
    ['value that is no JSON', coded('22P02'), 'invalid'],
    ['JSON that is nested too deeply', coded('54001'), 'invalid'],
    ['missing table', coded('42P01'), 'bug'],
    ['mistake of ours', new TypeError('x is undefined'), 'bug'],
    ['no error at all', undefined, 'bug'],
  ])('%s', (_, error, failure) => {
    expect(classify(error)).toBe(failure);
  });
});
