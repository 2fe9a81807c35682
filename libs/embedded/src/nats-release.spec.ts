import { describe, expect, it } from '@jest/globals';
import { findAsset } from './nats-release';

const hash = (digit: string) => digit.repeat(64);
const SUMS = [
  `${hash('a')}  nats-server-v2.12.1-linux-arm64.tar.gz`,
  `${hash('b')}  nats-server-v2.12.1-linux-amd64.deb`,
  `${hash('c')}  nats-server-v2.12.1-linux-amd64.tar.gz`,
  `${hash('d')} *nats-server-v2.12.1-darwin-arm64.tar.gz`,
].join('\n');

describe('the archive of a release', () => {
  it('is the one for this platform and processor', () => {
    const asset = { name: 'nats-server-v2.12.1-linux-amd64.tar.gz', tag: 'v2.12.1', sha256: hash('c') };
    expect(findAsset(SUMS, 'linux', 'x64')).toEqual(asset);
    expect(findAsset(SUMS, 'darwin', 'arm64')?.sha256).toBe(hash('d'));
  });

  it('is missing for others', () => {
    expect(findAsset(SUMS, 'darwin', 'x64')).toBeUndefined();
    expect(findAsset(SUMS, 'linux', 'mips')).toBeUndefined();
    expect(findAsset('<html>not found</html>', 'linux', 'x64')).toBeUndefined();
  });
});
