/**
 * Three kinds of tests, told apart by name: `.spec.ts` touches no I/O, `.int-spec.ts` uses real PostgreSQL and NATS,
 * `.e2e-spec.ts` runs the built services as processes.
 */
const swc = {
  sourceMaps: 'inline',
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
  module: { type: 'commonjs' },
};
// Packages that ship only ES modules; jest compiles them for its CommonJS registry.
const esmOnly = ['@nestjs/', '@marcbachmann/cel-js', 'log-update', 'jiti', 'cookie/', 'content-disposition/'];

const project = (displayName, testRegex, extra = {}) => ({
  displayName,
  testRegex,
  testEnvironment: 'node',
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/test'],
  transform: { '^.+\\.(ts|js|mjs)$': ['@swc/jest', swc] },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')}))`],
  moduleNameMapper: {
    '^@braid/workflow/decide$': '<rootDir>/libs/workflow/src/decide/index.ts',
    '^@braid/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
  },
  ...extra,
});

module.exports = {
  // A test that waits for a server, a redelivery or a lease waits as long as it takes; only what never comes fails it.
  testTimeout: 60_000,
  projects: [
    project('unit', '\\.spec\\.ts$'),
    project('int', '\\.int-spec\\.ts$', {
      globalSetup: '<rootDir>/test/setup/start-servers.ts',
      globalTeardown: '<rootDir>/test/setup/stop-servers.ts',
    }),
    project('e2e', '\\.e2e-spec\\.ts$', {
      globalSetup: '<rootDir>/test/setup/start-servers.ts',
      globalTeardown: '<rootDir>/test/setup/stop-servers.ts',
    }),
  ],
};
