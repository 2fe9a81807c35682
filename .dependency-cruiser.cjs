/**
 * Who may import whom: a folder may import only what its line lists, always through a front door
 * (`libs/<lib>/src/index.ts`, and `libs/workflow/src/decide/index.ts` for the rules that decide).
 */
const allowed = {
  'libs/clock': [],
  'libs/events': [],
  'libs/workflow': ['libs/events'],
  'libs/contracts': ['libs/events'],
  'libs/event-store': ['libs/events', 'libs/clock'],
  'libs/history': ['libs/events', 'libs/workflow', 'libs/contracts', 'libs/event-store'],
  'libs/messaging': ['libs/events', 'libs/contracts'],
  'libs/sdk': ['libs/events', 'libs/contracts'],
  'libs/agents': ['libs/events', 'libs/contracts', 'libs/sdk'],
  'libs/service': ['libs/events', 'libs/contracts'],
  'libs/embedded': [],
  'libs/testing': ['libs'],
  'apps/gateway': [
    'libs/events',
    'libs/workflow',
    'libs/contracts',
    'libs/event-store',
    'libs/history',
    'libs/messaging',
    'libs/service',
  ],
  'apps/orchestrator': [
    'libs/clock',
    'libs/events',
    'libs/workflow',
    'libs/contracts',
    'libs/event-store',
    'libs/history',
    'libs/messaging',
    'libs/service',
  ],
  'apps/agent-runner': [
    'libs/clock',
    'libs/events',
    'libs/contracts',
    'libs/messaging',
    'libs/service',
    'libs/agents',
    'libs/sdk',
  ],
  'apps/cli': [
    'libs/events',
    'libs/workflow',
    'libs/contracts',
    'libs/event-store',
    'libs/history',
    'libs/messaging',
    'libs/sdk',
    'libs/embedded',
  ],
  'apps/dashboard': [],
};

/** The rules that decide: only what records decisions, replays them or tests them may see them. */
const decide = '^libs/workflow/src/decide/';
const deciders = ['libs/workflow', 'libs/testing', 'apps/orchestrator', 'apps/cli'];

/** Packages that a library may import; a library without a line may import any dependency. */
const packages = {
  'libs/events': [],
  'libs/workflow': ['@marcbachmann/cel-js', 'ajv', 'ajv-formats', 'fastest-levenshtein', 'js-yaml', 're2js'],
  'libs/contracts': [
    '@bufbuild/protobuf',
    '@nestjs/swagger',
    'ajv',
    'ajv-formats',
    'class-transformer',
    'class-validator',
    'envalid',
  ],
};
const pure = ['libs/events', 'libs/workflow'];

const tests = '[.](spec|int-spec|e2e-spec|fixture)[.]ts$|^(apps|libs)/[^/]+/test/';
const under = (folder) => `^${folder}/`;
const installed = (name) => `(^|/)node_modules/${name}/`;
const external = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-bundled', 'npm-no-pkg', 'npm-unknown'];
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    ...Object.entries(allowed).map(([folder, targets]) =>
      rule(
        `direction:${folder}`,
        `${folder} may import ${targets.join(', ') || 'nothing of ours'}`,
        { path: under(folder), pathNot: tests },
        { path: '^(apps|libs)/', pathNot: [folder, ...targets].map(under) },
      ),
    ),
    rule(
      'listed-folders-only',
      'a new app or library first gets its line in the table of allowed imports',
      { path: '^(apps|libs)/', pathNot: Object.keys(allowed).map(under) },
      {},
    ),
    rule(
      'apps-never-import-apps',
      'services talk over the wire; not even a test inside one may reach into another',
      { path: '^apps/([^/]+)/' },
      { path: '^apps/', pathNot: '^apps/$1/' },
    ),
    rule(
      'only-deciders-decide',
      `only ${deciders.join(', ')} and tests may import @braid/workflow/decide`,
      { path: '^(apps|libs)/', pathNot: [tests, ...deciders.map(under)] },
      { path: decide },
    ),
    rule(
      'front-door-hides-decide',
      'whoever imports @braid/workflow must not receive the rules that decide with it',
      { path: '^libs/workflow/src/index[.]ts$' },
      { path: decide, reachable: true },
    ),
    rule(
      'front-door-only',
      'import a library by its name, @braid/<library>, never one of its files',
      { path: '^([^/]+)/([^/]+)' },
      { path: '^libs/[^/]+/', pathNot: ['^libs/[^/]+/src/index[.]ts$', `${decide}index[.]ts$`, '^$1/$2/'] },
    ),
    rule(
      'no-tests-in-production',
      'what runs in production imports no test, no test helper and no script',
      { path: '^(apps|libs)/', pathNot: [tests, under('libs/testing')] },
      { path: [tests, '^(test|bench|scripts|examples)/'] },
    ),
    rule(
      'no-dev-dependencies-in-production',
      'a development dependency is absent where Braid is installed',
      { path: '^(apps|libs)/', pathNot: [tests, under('libs/testing')] },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only', 'npm'] },
    ),
    ...Object.entries(packages).map(([folder, names]) =>
      rule(
        `packages:${folder}`,
        `${folder} may import the packages ${names.join(', ') || '(none)'}`,
        { path: under(folder), pathNot: tests },
        { dependencyTypes: external, pathNot: names.map(installed) },
      ),
    ),
    rule(
      'core-is-pure',
      'the pure libraries run without Node: no clock, no chance, no I/O',
      { path: pure.map(under), pathNot: tests },
      { dependencyTypes: ['core'] },
    ),
    rule(
      'static-imports-only',
      'the build rewrites the names of libraries in static imports; in import() they would stay and fail at run time',
      { path: '^(apps|libs)/', pathNot: tests },
      { path: '^libs/', dependencyTypes: ['dynamic-import'] },
    ),
    rule(
      'no-unlisted-packages',
      'package.json must name what is imported',
      {},
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    ),
    rule('no-cycles', 'two decorated classes that import each other crash at import', {}, { circular: true }),
    rule(
      'no-orphans',
      'a file that nobody imports and that imports nothing is left over',
      {
        orphan: true,
        pathNot: ['[.]d[.]ts$', '(^|/)main[.]ts$', tests, '^apps/dashboard/', '^(examples|scripts)/', '^[^/]+$'],
      },
      {},
    ),
    rule('no-unresolved', 'an import that leads nowhere', {}, { couldNotResolve: true }),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    exclude: { path: '^(dist|coverage|deploy|docs|[.]braid|[.]cache|[.]git)/' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
