import { describe, expect, it } from '@jest/globals';
import { debianMirror, parseListFile, parseSourcesFile, sourceLine } from './apt-sources';

const SOURCES = `Types: deb
# a note
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main
`;

describe('the sources of apt', () => {
  it('are read from the deb822 format', () => {
    expect(parseSourcesFile(SOURCES)).toEqual([
      {
        uri: 'http://mirror.example/debian',
        suites: ['bookworm', 'bookworm-updates'],
        components: ['main', 'contrib'],
        signedBy: '/usr/share/keyrings/debian-archive-keyring.gpg',
      },
      { uri: 'http://security.example/debian-security', suites: ['bookworm-security'], components: ['main'] },
    ]);
  });

  it('are read from the one-line format', () => {
    const text = '# deb http://off.example/debian sid main\ndeb-src http://src.example/debian sid main\n';
    const line = 'deb [arch=amd64 signed-by=/keys/a.gpg] https://mirror.example/debian bullseye main contrib # note\n';
    expect(parseListFile(`${text}${line}deb http://plain.example/debian sid main`)).toEqual([
      {
        uri: 'https://mirror.example/debian',
        suites: ['bullseye'],
        components: ['main', 'contrib'],
        signedBy: '/keys/a.gpg',
      },
      { uri: 'http://plain.example/debian', suites: ['sid'], components: ['main'] },
    ]);
  });

  it('leave out what is disabled, and keys that stand in the file itself', () => {
    const inlined = SOURCES.replace('/usr/share', '\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQ/usr/share');
    expect(parseSourcesFile(inlined)[0]).not.toHaveProperty('signedBy');
    expect(parseSourcesFile(SOURCES.replace('Types: deb\n', 'Enabled: no\nTypes: deb\n'))).toHaveLength(1);
  });
});

describe('the mirror of Debian', () => {
  it('is the main archive, neither the security archive nor somebody else’s packages', () => {
    const foreign = parseListFile('deb https://packages.example/apt cloud-sdk-bookworm main');
    const [main, security] = parseSourcesFile(SOURCES);
    if (main === undefined || security === undefined) throw new Error('two stanzas expected');
    expect(debianMirror([...foreign, security, main])).toBe(main);
    expect(debianMirror([...foreign, security])).toBeUndefined();
  });

  it('is asked for another suite with the same key', () => {
    const mirror = { uri: 'http://m.example/debian', suites: ['bookworm'], components: ['main', 'contrib'] };
    expect(sourceLine({ ...mirror, signedBy: '/k.gpg' }, 'sid')).toBe(
      'deb [signed-by=/k.gpg] http://m.example/debian sid main\n',
    );
    expect(sourceLine(mirror, 'trixie')).toBe('deb http://m.example/debian trixie main\n');
  });
});
