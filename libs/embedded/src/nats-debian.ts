import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  type AptSource,
  debianMirror,
  parseListFile,
  parseSourcesFile,
  privateAptConfig,
  sourceLine,
} from './apt-sources';
import { reason } from './errors';

const run = promisify(execFile);
const APT_MS = 3 * 60_000;

/** Newest first. The package needs nothing but libc; should that be newer than ours, the older suite's may still run. */
export const DEBIAN_SUITES = ['sid', 'trixie'] as const;
export type DebianSuite = (typeof DEBIAN_SUITES)[number];

/**
 * Fetches Debian's nats-server from another suite of the system's own mirror and hands its path to `take`, whose result it
 * returns; the file is gone afterwards. apt checks the package's hash through the index that Debian signs. Nothing of the
 * system's apt is changed, and no root is needed.
 */
export async function fetchFromDebian<T>(suite: DebianSuite, take: (binary: string) => Promise<T>): Promise<T> {
  const mirror = debianMirror(await systemSources());
  if (mirror === undefined) throw new Error('this system has no Debian package source');
  const root = await mkdtemp(join(tmpdir(), 'braid-apt-'));
  try {
    // As root, apt downloads as its own user, who has to reach the directories.
    await chmod(root, 0o755);
    await mkdir(join(root, 'state', 'lists', 'partial'), { recursive: true });
    await mkdir(join(root, 'cache', 'archives', 'partial'), { recursive: true });
    await writeFile(join(root, 'sources.list'), sourceLine(mirror, suite));
    await writeFile(join(root, 'apt.conf'), privateAptConfig(root));
    const options = {
      cwd: root,
      env: { ...process.env, APT_CONFIG: join(root, 'apt.conf'), LC_ALL: 'C' },
      timeout: APT_MS,
      maxBuffer: 16 * 1024 * 1024,
    };
    await run('apt-get', ['update', '-q', '--error-on=any'], options);
    await run('apt-get', ['download', '-q', 'nats-server'], options);
    const deb = (await readdir(root)).find((name) => name.endsWith('.deb'));
    if (deb === undefined) throw new Error('apt-get download left no package');
    await run('dpkg-deb', ['-x', deb, 'unpacked'], options);
    return await take(join(root, 'unpacked', 'usr', 'sbin', 'nats-server'));
  } catch (error) {
    throw new Error(`Debian ${suite}: ${lastLine(reason(error))}`);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

async function systemSources(): Promise<readonly AptSource[]> {
  const parts = await readdir('/etc/apt/sources.list.d').catch(() => []);
  const files = ['/etc/apt/sources.list', ...parts.map((name) => join('/etc/apt/sources.list.d', name))];
  const found = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(file, 'utf8').catch(() => '');
      if (file.endsWith('.sources')) return parseSourcesFile(text);
      return file.endsWith('.list') ? parseListFile(text) : [];
    }),
  );
  return found.flat();
}
