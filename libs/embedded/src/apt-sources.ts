/** One line of apt's configuration: which mirror, and which key its index is signed with. */
export type AptSource = {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** A keyring's path or name; `undefined` means every key that the system trusts. */
  readonly signedBy?: string;
};

/** Reads a `.list` file: `deb [signed-by=…] uri suite component…`, one per line. */
export function parseListFile(text: string): readonly AptSource[] {
  return text.split('\n').flatMap((line) => {
    const [, options = '', uri, rest = ''] = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+([^#]*)/.exec(line) ?? [];
    const [suite, ...components] = rest.trim().split(/\s+/);
    if (uri === undefined || suite === undefined || suite === '') return [];
    const signedBy = /(?:^|\s)signed-by=(\S+)/.exec(options)?.[1];
    return [{ uri, suites: [suite], components, ...(signedBy === undefined ? {} : { signedBy }) }];
  });
}

/** Reads a deb822 `.sources` file: stanzas of `Field: value`, folded values on indented lines. */
export function parseSourcesFile(text: string): readonly AptSource[] {
  const withoutComments = text.replace(/^#.*\n?/gm, '');
  return withoutComments.split(/\n[ \t]*\n/).flatMap((stanza) => {
    const fields = new Map<string, string>();
    for (const [, name = '', value = ''] of stanza.matchAll(/^([A-Za-z-]+):((?:.*(?:\n[ \t].*)*))/gm)) {
      fields.set(name.toLowerCase(), value.trim());
    }
    const words = (name: string) => (fields.get(name) ?? '').split(/\s+/).filter((word) => word !== '');
    const signedBy = fields.get('signed-by');
    if (!words('types').includes('deb') || fields.get('enabled')?.toLowerCase() === 'no') return [];
    return words('uris').map((uri) => ({
      uri,
      suites: words('suites'),
      components: words('components'),
      // An inlined key has several lines; those keys are left to the system's own trust.
      ...(signedBy === undefined || signedBy.includes('\n') ? {} : { signedBy }),
    }));
  });
}

const MAIN_SUITE = /^(bookworm|bullseye|trixie|forky|duke|sid|stable|testing|unstable|oldstable)$/;

/** The system's own mirror of Debian's main archive, `undefined` when it has none (another distribution). */
export const debianMirror = (sources: readonly AptSource[]): AptSource | undefined =>
  sources.find(
    ({ suites, components, uri }) =>
      components.includes('main') && suites.some((suite) => MAIN_SUITE.test(suite)) && !/security/.test(uri),
  );

/** A source list with one suite of that mirror, in the one-line format that every apt understands. */
export function sourceLine(mirror: AptSource, suite: string): string {
  const options = mirror.signedBy === undefined ? '' : `[signed-by=${mirror.signedBy}] `;
  return `deb ${options}${mirror.uri} ${suite} main\n`;
}

/** Settings that keep apt inside `root`: its index, cache and sources are its own, the keys are the system's. */
export const privateAptConfig = (root: string): string =>
  [
    `Dir::State "${root}/state";`,
    'Dir::State::status "/var/lib/dpkg/status";',
    `Dir::Cache "${root}/cache";`,
    `Dir::Etc::sourcelist "${root}/sources.list";`,
    'Dir::Etc::sourceparts "/dev/null";',
    'Dir::Etc::preferences "/dev/null";',
    'Dir::Etc::preferencesparts "/dev/null";',
    // System hooks act on the system's state, which this is not.
    '#clear APT::Update::Pre-Invoke;',
    '#clear APT::Update::Post-Invoke;',
    '#clear APT::Update::Post-Invoke-Success;',
    'Acquire::Languages "none";',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";',
    'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";',
    'Acquire::http::Timeout "20";',
    'Acquire::https::Timeout "20";',
    'Acquire::Retries "1";',
    'APT::Get::AllowUnauthenticated "false";',
    '',
  ].join('\n');
