import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EnvHttpProxyAgent, fetch } from 'undici';
import { reason } from './errors';

const run = promisify(execFile);
const RELEASES = 'https://github.com/nats-io/nats-server/releases';
/** Long enough for a slow line, short enough that a machine without GitHub goes on to the next source. */
const CONNECT_MS = 5_000;
const DOWNLOAD_MS = 3 * 60_000;

/** One archive of a release. */
export type ReleaseAsset = { readonly name: string; readonly tag: string; readonly sha256: string };

/** The archive for a platform in a release's SHA256SUMS, in the names that Node gives to platforms and processors. */
export function findAsset(sums: string, platform: string, arch: string): ReleaseAsset | undefined {
  const cpu = { x64: 'amd64', arm64: 'arm64', arm: 'arm7', ia32: '386', ppc64: 'ppc64le', s390x: 's390x' }[arch];
  if (cpu === undefined) return undefined;
  for (const line of sums.split('\n')) {
    const [, sha256, name, tag, os, processor] =
      /^([0-9a-f]{64})\s+\*?(nats-server-(v[\d.]+)-([a-z]+)-([a-z0-9]+)\.tar\.gz)\s*$/.exec(line) ?? [];
    if (sha256 !== undefined && name !== undefined && tag !== undefined && os === platform && processor === cpu) {
      return { name, tag, sha256 };
    }
  }
  return undefined;
}

/**
 * Downloads the newest official release, checks it against the release's SHA256SUMS and hands the binary's path to `take`,
 * whose result it returns; the file is gone afterwards. Honours HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
 */
export async function fetchFromRelease<T>(take: (binary: string) => Promise<T>): Promise<T> {
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: CONNECT_MS } });
  const dir = await mkdtemp(join(tmpdir(), 'braid-nats-'));
  const get = async (url: string, ms: number): Promise<Buffer> => {
    const response = await fetch(url, { dispatcher, signal: AbortSignal.timeout(ms) });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  };
  try {
    const sums = (await get(`${RELEASES}/latest/download/SHA256SUMS`, 2 * CONNECT_MS)).toString('utf8');
    const asset = findAsset(sums, process.platform, process.arch);
    if (asset === undefined) throw new Error(`the release has no archive for ${process.platform} ${process.arch}`);
    const archive = await get(`${RELEASES}/download/${asset.tag}/${asset.name}`, DOWNLOAD_MS);
    const sha256 = createHash('sha256').update(archive).digest('hex');
    if (sha256 !== asset.sha256) throw new Error(`${asset.name} has the wrong checksum ${sha256}`);
    const path = join(dir, asset.name);
    await writeFile(path, archive);
    await run('tar', ['-xzf', path, '-C', dir, '--strip-components=1'], { timeout: 60_000 });
    return await take(join(dir, 'nats-server'));
  } catch (error) {
    // fetch says "fetch failed" and puts what happened into the cause.
    const cause: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'cause') : undefined;
    throw new Error(`GitHub: ${reason(cause ?? error)}`);
  } finally {
    await dispatcher.close();
    await rm(dir, { recursive: true, force: true });
  }
}
