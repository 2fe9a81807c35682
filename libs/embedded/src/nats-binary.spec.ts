import { describe, expect, it, jest } from '@jest/globals';
import { natsBinary, natsSources, type NatsSource } from './nats-binary';

const quiet = () => undefined;
const found = { path: '/somewhere/nats-server', version: [2, 11, 0] as const };
const source = (name: string, find: NatsSource['find'], decisive = false): NatsSource => ({ name, find, decisive });
const nothing = () => Promise.resolve(undefined);
const broken = () => Promise.reject(new Error('it is too old'));

describe('the sources of nats-server', () => {
  it('are the machine’s own first, then the cache, then downloads', () => {
    const names = natsSources({ BRAID_CACHE_DIR: '/c', BRAID_NATS_SERVER: '/x' }, quiet).map(({ name }) => name);
    expect(names).toEqual([
      'BRAID_NATS_SERVER',
      'PATH',
      'cache /c/nats-server',
      'official release',
      'Debian sid',
      'Debian trixie',
    ]);
  });

  it('are asked in turn until one has it', async () => {
    const later = jest.fn(nothing);
    const sources = [
      source('a', nothing),
      source('b', broken),
      source('c', () => Promise.resolve(found)),
      source('d', later),
    ];
    expect(await natsBinary(sources)).toBe(found);
    expect(later).not.toHaveBeenCalled();
  });

  it('are all named when none has it, with what a person can do', async () => {
    const search = natsBinary([source('PATH', nothing), source('cache', broken)]);
    await expect(search).rejects.toMatchObject({ code: 'embedded.nats_missing' });
    await expect(search).rejects.toThrow(
      /2\.10\.0[^]*PATH: none[^]*cache: it is too old[^]*BRAID_NATS_SERVER[^]*NATS_URL/,
    );
  });

  it('end with the one that a person named, even when it is no good', async () => {
    const later = jest.fn(nothing);
    await expect(natsBinary([source('BRAID_NATS_SERVER', broken, true), source('PATH', later)])).rejects.toThrow(
      'too old',
    );
    expect(later).not.toHaveBeenCalled();
  });
});
