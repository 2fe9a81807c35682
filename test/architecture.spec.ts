import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';

/**
 * A checker that finds nothing looks like a checker that looked at nothing. Here each rule of direction and purity
 * meets a file that breaks it, and the real tree meets the same rules.
 */
const root = resolve(__dirname, '..');
const bin = {
  cruise: join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
  lint: join(root, 'node_modules/oxlint/bin/oxlint'),
  tsc: join(root, 'node_modules/typescript/bin/tsc'),
};

type Cruise = {
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
  };
};

function run(program: string, args: readonly string[], cwd: string): string {
  const { stdout, stderr, error } = spawnSync(process.execPath, [program, ...args], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (error !== undefined) throw error;
  return stdout === '' ? stderr : stdout;
}

function cruise(folder: string): { readonly modules: number; readonly violations: readonly string[] } {
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', '.'];
  const { summary } = JSON.parse(run(bin.cruise, args, folder)) as Cruise;
  return {
    modules: summary.totalCruised,
    violations: summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`),
  };
}

/** A repository in miniature with our own configuration; `files` maps paths to source text. */
function repository(files: Readonly<Record<string, string>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'braid-architecture-')));
  for (const name of ['.dependency-cruiser.cjs', '.oxlintrc.json', 'tsconfig.json', 'package.json']) {
    cpSync(join(root, name), join(folder, name));
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

jest.setTimeout(60_000);

const folders: string[] = [];
function temporary(files: Readonly<Record<string, string>>): string {
  const folder = repository(files);
  folders.push(folder);
  return folder;
}
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

const importing = (...names: readonly string[]): string =>
  names.map((name, i) => `import { it as it${i} } from '${name}';\nexport const use${i} = it${i};\n`).join('');
const leaf = 'export const it = 1;\n';
const installed = (name: string): Record<string, string> => ({
  [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: '1.0.0', main: 'index.js' }),
  [`node_modules/${name}/index.js`]: 'exports.it = 1;\n',
});

/** What is in order: one front door per library and the allowed imports. */
const orderly = {
  ...installed('ajv'),
  ...installed('fast-check'),
  ...installed('leftover'),
  ...installed('pg'),
  'libs/events/src/index.ts': leaf,
  'libs/workflow/src/index.ts': importing('@braid/events', 'ajv'),
  'libs/workflow/src/decide/index.ts': importing('@braid/events'),
  'libs/contracts/src/index.ts': importing('@braid/events'),
  'libs/event-store/src/index.ts': importing('@braid/events', 'pg'),
  'libs/history/src/index.ts': importing('@braid/workflow', '@braid/event-store'),
  'libs/messaging/src/index.ts': importing('@braid/events', '@braid/contracts'),
  'libs/testing/src/index.ts': importing('@braid/workflow/decide', '@braid/event-store', 'fast-check'),
  'apps/gateway/src/main.ts': importing('@braid/workflow', '@braid/messaging'),
  'apps/orchestrator/src/main.ts': importing('@braid/workflow', '@braid/workflow/decide', '@braid/event-store'),
  'apps/gateway/src/gateway.spec.ts': importing('@braid/testing', '@braid/workflow/decide'),
  'test/whole.spec.ts': importing('@braid/testing', '@braid/workflow/decide'),
};

/** Rule, the file that breaks it, and its text. */
const offences: readonly (readonly [rule: string, path: string, text: string])[] = [
  ['direction:libs/clock', 'libs/clock/src/bad.ts', importing('@braid/events')],
  ['direction:libs/events', 'libs/events/src/bad.ts', importing('@braid/contracts')],
  ['direction:libs/workflow', 'libs/workflow/src/bad.ts', importing('@braid/event-store')],
  [
    'direction:libs/workflow',
    'libs/workflow/src/bad-type.ts',
    "import type { it } from '@braid/contracts';\nexport type X = typeof it;\n",
  ],
  ['direction:libs/contracts', 'libs/contracts/src/bad.ts', importing('@braid/workflow')],
  ['direction:libs/event-store', 'libs/event-store/src/bad.ts', importing('@braid/messaging')],
  ['direction:libs/history', 'libs/history/src/bad.ts', importing('@braid/messaging')],
  ['direction:libs/messaging', 'libs/messaging/src/bad.ts', importing('@braid/event-store')],
  ['direction:libs/sdk', 'libs/sdk/src/bad.ts', importing('@braid/event-store')],
  ['direction:libs/service', 'libs/service/src/bad.ts', importing('@braid/messaging')],
  ['direction:libs/agents', 'libs/agents/src/bad.ts', importing('@braid/workflow')],
  ['direction:libs/embedded', 'libs/embedded/src/bad.ts', importing('@braid/events')],
  ['direction:libs/testing', 'libs/testing/src/bad.ts', importing('../../../apps/gateway/src/main')],
  ['direction:apps/gateway', 'apps/gateway/src/bad.ts', importing('@braid/testing')],
  ['direction:apps/orchestrator', 'apps/orchestrator/src/bad.ts', importing('@braid/testing')],
  ['direction:apps/agent-runner', 'apps/agent-runner/src/bad.ts', importing('@braid/event-store')],
  ['direction:apps/cli', 'apps/cli/src/bad.ts', importing('@braid/testing')],
  ['direction:apps/dashboard', 'apps/dashboard/src/bad.ts', importing('@braid/events')],
  ['listed-folders-only', 'libs/unheard-of/src/bad.ts', importing('@braid/events')],
  ['apps-never-import-apps', 'apps/cli/src/bad-app.ts', importing('../../gateway/src/main')],
  ['apps-never-import-apps', 'apps/cli/src/bad-app.spec.ts', importing('../../gateway/src/main')],
  ['only-deciders-decide', 'apps/gateway/src/bad-decide.ts', importing('@braid/workflow/decide')],
  ['front-door-only', 'apps/gateway/src/bad-door.ts', importing('../../../libs/messaging/src/inner')],
  ['front-door-only', 'test/bad-door.spec.ts', importing('../libs/messaging/src/inner')],
  ['no-tests-in-production', 'apps/cli/src/bad-test.ts', importing('./bad-app.spec')],
  ['no-dev-dependencies-in-production', 'libs/messaging/src/inner.ts', `${leaf}${importing('fast-check')}`],
  ['packages:libs/events', 'libs/events/src/bad-package.ts', importing('ajv')],
  ['packages:libs/workflow', 'libs/workflow/src/bad-package.ts', importing('pg')],
  ['packages:libs/contracts', 'libs/contracts/src/bad-package.ts', importing('pg')],
  [
    'core-is-pure',
    'libs/workflow/src/bad-core.ts',
    "import { randomUUID } from 'node:crypto';\nexport const id = randomUUID;\n",
  ],
  ['static-imports-only', 'apps/cli/src/bad-dynamic.ts', "export const later = () => import('@braid/embedded');\n"],
  ['no-unlisted-packages', 'apps/cli/src/bad-unlisted.ts', importing('leftover')],
  ['no-cycles', 'apps/cli/src/bad-cycle-a.ts', `${leaf}${importing('./bad-cycle-b')}`],
  ['no-orphans', 'apps/cli/src/bad-orphan.ts', leaf],
  ['no-unresolved', 'apps/cli/src/bad-unresolved.ts', importing('./nowhere')],
];
const helpers = {
  'apps/cli/src/bad-cycle-b.ts': `${leaf}${importing('./bad-cycle-a')}`,
  'libs/embedded/src/index.ts': leaf,
};

describe('import direction', () => {
  test('the tree keeps every rule, and the checker has really read it', () => {
    const { modules, violations } = cruise(root);
    expect(violations).toEqual([]);
    expect(modules).toBeGreaterThan(250);
  });

  test('an orderly repository gives no complaint', () => {
    const { modules, violations } = cruise(temporary(orderly));
    expect(violations).toEqual([]);
    expect(modules).toBeGreaterThanOrEqual(Object.keys(orderly).length - 8);
  });

  describe('each rule can fail', () => {
    let violations: readonly string[] = [];
    beforeAll(() => {
      const bad = Object.fromEntries(offences.map(([, path, text]) => [path, text]));
      violations = cruise(temporary({ ...orderly, ...helpers, ...bad })).violations;
    });

    test.each(offences)('%s reports %s', (rule, path) => {
      expect(violations.some((violation) => violation.startsWith(`${rule}: ${path} ->`))).toBe(true);
    });

    test('whoever opens the front door of the rules does not get the deciding ones with it', () => {
      const leaking = {
        ...orderly,
        'libs/workflow/src/index.ts': importing('./leak'),
        'libs/workflow/src/leak.ts': importing('./decide'),
      };
      expect(cruise(temporary(leaking)).violations.join('\n')).toContain(
        'front-door-hides-decide: libs/workflow/src/index.ts',
      );
    });

    test('every rule has its bad example', () => {
      const configured = JSON.parse(
        run('-p', ["JSON.stringify(require('./.dependency-cruiser.cjs').forbidden.map((rule) => rule.name))"], root),
      ) as readonly string[];
      const proven = [...offences.map(([rule]) => rule), 'front-door-hides-decide'];
      expect(configured.filter((name) => !proven.includes(name))).toEqual([]);
    });
  });
});

/** What the linter says about each of these files. */
function lint(files: Readonly<Record<string, string>>): (path: string) => readonly string[] {
  const { diagnostics } = JSON.parse(run(bin.lint, ['--format', 'json', '.'], temporary(files))) as {
    readonly diagnostics: readonly { readonly filename: string; readonly message: string }[];
  };
  return (path) => diagnostics.filter(({ filename }) => filename.endsWith(path)).map(({ message }) => message);
}

describe('the services', () => {
  const ambient = [
    ['Date.now()', 'now'],
    ['performance.now()', 'performance'],
    ['Math.random()', 'random'],
    ['setTimeout(String, 1)', 'setTimeout'],
    ['setInterval(String, 1)', 'setInterval'],
  ] as const;

  test.each(['apps/orchestrator/src/deep', 'apps/agent-runner/src', 'libs/event-store/src'])(
    'lint refuses clock, chance and timers in %s, where a Clock is to be taken',
    (folder) => {
      const bad = ambient.map(([expression], i) => [`${folder}/bad-${i}.ts`, `export const it = ${expression};\n`]);
      const fine = `${folder}/fine.ts`;
      const said = lint({ ...Object.fromEntries(bad), [fine]: 'export const least = new Date(Math.min(1, 2));\n' });
      ambient.forEach(([expression, word], i) => {
        const named = said(`bad-${i}.ts`).some((message) => message.includes(word));
        expect({ expression, named }).toEqual({ expression, named: true });
      });
      expect(said('fine.ts')).toEqual([]);
    },
  );
});

describe('the pure libraries', () => {
  /** Expressions that reach for the clock, chance, timers or Node, with the word by which the linter must name them. */
  const ambient = [
    ['new Date()', 'Date'],
    ['performance.now()', 'performance'],
    ['Math.random()', 'random'],
    ['setTimeout(String, 1)', 'setTimeout'],
    ['setInterval(String, 1)', 'setInterval'],
    ['process.env', 'process'],
    ['Buffer.from([])', 'Buffer'],
    ['globalThis', 'globalThis'],
  ] as const;

  test.each(['events', 'workflow'])(
    'lint refuses clock, chance and timers in libs/%s, and allows arithmetic',
    (library) => {
      const files = Object.fromEntries(
        ambient.map(([expression], i) => [`libs/${library}/src/bad-${i}.ts`, `export const it = ${expression};\n`]),
      );
      const fine = `libs/${library}/src/fine.ts`;
      const said = lint({ ...files, [fine]: 'export const least = Math.min(1, 2);\n' });
      ambient.forEach(([expression, word], i) => {
        const named = said(`bad-${i}.ts`).some((message) => message.includes(word));
        expect({ expression, named }).toEqual({ expression, named: true });
      });
      expect(said('fine.ts')).toEqual([]);
    },
  );

  test.each(['events', 'workflow'])(
    "libs/%s is compiled without Node's types, whatever its packages bring along",
    (library) => {
      const names = ['process', 'Buffer', 'setTimeout', 'require', 'console'];
      const folder = temporary({
        'probe.ts': `import * as library from '@braid/${library}';\nexport const it = [library, ${names.join(', ')}];\n`,
        'tsconfig.probe.json': JSON.stringify({
          extends: join(root, `libs/${library}/tsconfig.json`),
          compilerOptions: { rootDir: '/' },
          files: ['probe.ts'],
          include: [],
        }),
      });
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
      const output = run(bin.tsc, ['-p', 'tsconfig.probe.json', '--pretty', 'false'], folder);
      const missing = names.filter((name) => new RegExp(`probe\\.ts.*Cannot find name '${name}'`).test(output));
      expect(missing).toEqual(names);
      expect(output).not.toContain(`'@braid/${library}'`);
    },
  );
});
