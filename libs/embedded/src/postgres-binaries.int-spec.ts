import { execFile } from 'node:child_process';
import { access, chmod, copyFile, cp, lstat, mkdir, mkdtemp, readdir, readlink, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { postgresBinaries, postgresPackage } from './postgres-binaries';
import { useCopy } from './postgres-copy';
import { serverUser } from './postgres-user';

const run = promisify(execFile);
jest.setTimeout(60_000);

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'braid-binaries-spec-'));
  await chmod(dir, 0o755);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** The package as npm unpacks it when install scripts are blocked: without any symbolic link. */
async function packageWithoutLinks(mode: number): Promise<string> {
  const source = postgresPackage();
  const holder = join(dir, 'package');
  const native = join(holder, 'native');
  const isLink = async (path: string) => (await lstat(path)).isSymbolicLink();
  await cp(source, native, { recursive: true, filter: async (path) => !(await isLink(path)) });
  await copyFile(join(source, '..', 'package.json'), join(holder, 'package.json'));
  await chmod(holder, mode);
  return native;
}

const bases = () => [join(dir, 'cache')];

describe('the programs of PostgreSQL', () => {
  it('get their missing links, also when two processes make them at once', async () => {
    const native = await packageWithoutLinks(0o755);
    const user = await serverUser('/');
    const both = await Promise.all([postgresBinaries(user, bases(), native), postgresBinaries(user, bases(), native)]);
    expect(both.map(({ initdb }) => initdb)).toEqual([join(native, 'bin', 'initdb'), join(native, 'bin', 'initdb')]);
    expect(await readlink(join(native, 'lib', 'libpq.so.5'))).toMatch(/^libpq\.so\.5\./);
    await expect(lstat(join(dir, 'cache'))).rejects.toThrow('ENOENT');
  });

  it('run as the server’s user although that user cannot reach the package', async () => {
    const native = await packageWithoutLinks(0o700);
    const user = await serverUser('/');
    const both = await Promise.all([postgresBinaries(user, bases(), native), postgresBinaries(user, bases(), native)]);
    for (const { postgres, version } of both) {
      expect((await run(postgres, ['--version'], { ...user, cwd: '/' })).stdout).toContain(` ${version}.`);
      // Our own user reaches it where it is; only a server that drops root needs the copy.
      expect(postgres.startsWith(user === undefined ? native : join(dir, 'cache'))).toBe(true);
    }
  });

  it('are copied anew when the copy is broken, and no broken copy is kept', async () => {
    const native = await packageWithoutLinks(0o755);
    const user = await serverUser('/');
    const spare = join(dir, 'initdb');
    await rename(join(native, 'bin', 'initdb'), spare);
    await expect(postgresBinaries(user, bases(), native)).rejects.toMatchObject({ code: 'embedded.unsupported' });
    expect(await readdir(join(dir, 'cache'))).toEqual([]);

    await rename(spare, join(native, 'bin', 'initdb'));
    const use = jest.fn((copied: string) => access(join(copied, 'bin', 'initdb')).then(() => copied));
    const copied = await useCopy(native, join(dir, 'cache'), user, use);
    await rm(join(copied, 'bin', 'initdb'));
    expect(await useCopy(native, join(dir, 'cache'), user, use)).toBe(copied);
    expect(use).toHaveBeenCalledTimes(3);
  });

  it('are not taken from a cache where others could have put them', async () => {
    await mkdir(join(dir, 'cache'));
    await chmod(join(dir, 'cache'), 0o777);
    const native = await packageWithoutLinks(0o755);
    await rm(join(native, 'bin', 'initdb'));
    const attempt = postgresBinaries(await serverUser('/'), bases(), native);
    await expect(attempt).rejects.toMatchObject({ code: 'embedded.unsupported' });
    await expect(attempt).rejects.toThrow(/others may write there/);
  });
});
