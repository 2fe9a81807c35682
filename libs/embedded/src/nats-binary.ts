import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from './cache';
import { EmbeddedError, errno, reason } from './errors';
import { DEBIAN_SUITES, fetchFromDebian } from './nats-debian';
import { fetchFromRelease } from './nats-release';
import { compareVersions, formatVersion, NATS_MINIMUM, parseVersion, type Version } from './nats-version';

const run = promisify(execFile);

export type NatsBinary = { readonly path: string; readonly version: Version };

/** A place to get nats-server from; `find` gives `undefined` when there is nothing, and throws when what is there is no good. */
export type NatsSource = {
  readonly name: string;
  readonly find: () => Promise<NatsBinary | undefined>;
  /** What a person asked for by name is not replaced by something else. */
  readonly decisive?: boolean;
};

/** The sources in the order in which they are asked. */
export function natsSources(env: NodeJS.ProcessEnv, log: (line: string) => void): readonly NatsSource[] {
  const wanted = env['BRAID_NATS_SERVER'];
  const cache = join(cacheDir(env), 'nats-server');
  const keep = (binary: string) => addToCache(cache, binary);
  return [
    ...(wanted === undefined || wanted === ''
      ? []
      : [{ name: 'BRAID_NATS_SERVER', find: () => checkBinary(wanted), decisive: true }]),
    { name: 'PATH', find: () => fromPath(env['PATH'] ?? '') },
    { name: `cache ${cache}`, find: () => fromCache(cache) },
    {
      name: 'official release',
      find: () => {
        log('Fetching nats-server: the official release');
        return fetchFromRelease(keep);
      },
    },
    ...DEBIAN_SUITES.map((suite) => ({
      name: `Debian ${suite}`,
      find: () => {
        log(`Fetching nats-server: the package of Debian ${suite}`);
        return fetchFromDebian(suite, keep);
      },
    })),
  ];
}

/**
 * A nats-server of at least 2.10 that runs on this machine, from the first source that has one.
 *
 * @throws EmbeddedError `embedded.nats_missing` with everything that was tried.
 */
export async function natsBinary(sources: readonly NatsSource[]): Promise<NatsBinary> {
  const tried: string[] = [];
  for (const source of sources) {
    try {
      const found = await source.find();
      if (found !== undefined) return found;
      tried.push(`${source.name}: none`);
    } catch (error) {
      tried.push(`${source.name}: ${reason(error)}`);
      if (source.decisive === true) break;
    }
  }
  throw new EmbeddedError(
    'embedded.nats_missing',
    `No nats-server ${formatVersion(NATS_MINIMUM)} or newer. Tried:\n  ${tried.join('\n  ')}\nInstall it from https://github.com/nats-io/nats-server/releases into a directory of PATH, or set BRAID_NATS_SERVER to its path, or set NATS_URL to a running server with JetStream.`,
  );
}

/** @throws Error when it does not run or is too old */
export async function checkBinary(path: string): Promise<NatsBinary> {
  const { stdout } = await run(path, ['--version'], { timeout: 20_000 });
  const version = parseVersion(stdout);
  if (version === undefined) throw new Error(`${path} printed no version but "${stdout.trim()}"`);
  if (compareVersions(version, NATS_MINIMUM) < 0) {
    throw new Error(`${path} is ${formatVersion(version)}, too old (${formatVersion(NATS_MINIMUM)} is needed)`);
  }
  return { path, version };
}

async function fromPath(path: string): Promise<NatsBinary | undefined> {
  const failures: unknown[] = [];
  for (const dir of path.split(delimiter).filter(isAbsolute)) {
    try {
      return await checkBinary(join(dir, 'nats-server'));
    } catch (error) {
      if (errno(error) !== 'ENOENT' && errno(error) !== 'ENOTDIR') failures.push(error);
    }
  }
  if (failures.length > 0) throw new Error(failures.map(reason).join('; '));
  return undefined;
}

async function fromCache(cache: string): Promise<NatsBinary | undefined> {
  const names = await readdir(cache).catch(() => []);
  const versions = names.flatMap((name) => {
    const version = parseVersion(name);
    return version !== undefined && formatVersion(version) === name ? [version] : [];
  });
  for (const version of versions.sort((a, b) => compareVersions(b, a))) {
    // One that no longer runs (another machine's cache, a half-full disk) is passed over and fetched again.
    const found = await checkBinary(join(cache, formatVersion(version), 'nats-server')).catch(() => undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Moves a checked binary into the cache in one step, so that another process never sees half of it. */
async function addToCache(cache: string, binary: string): Promise<NatsBinary> {
  await chmod(binary, 0o755);
  const { version } = await checkBinary(binary);
  const dir = join(cache, formatVersion(version));
  await mkdir(dir, { recursive: true });
  const draft = join(dir, `.draft-${randomUUID()}`);
  try {
    await copyFile(binary, draft);
    await rename(draft, join(dir, 'nats-server'));
  } finally {
    await rm(draft, { force: true });
  }
  return { path: join(dir, 'nats-server'), version };
}
