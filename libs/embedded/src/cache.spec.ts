import { homedir } from 'node:os';
import { expect, it } from '@jest/globals';
import { cacheDir } from './cache';

it('keeps downloads where the user, XDG or the home directory says', () => {
  expect(cacheDir({ BRAID_CACHE_DIR: '/own', XDG_CACHE_HOME: '/xdg' })).toBe('/own');
  expect(cacheDir({ XDG_CACHE_HOME: '/xdg' })).toBe('/xdg/braid');
  expect(cacheDir({ XDG_CACHE_HOME: 'relative' })).toBe(`${homedir()}/.cache/braid`);
  expect(cacheDir({})).toBe(`${homedir()}/.cache/braid`);
});
