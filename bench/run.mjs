/**
 * Runs a program of this folder, which is TypeScript and imports the libraries by their names: node bench/run.mjs rules
 */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import { createJiti } from 'jiti';

const libs = fileURLToPath(new URL('../libs', import.meta.url));
const alias = {
  '@braid/workflow/decide': `${libs}/workflow/src/decide/index.ts`,
  ...Object.fromEntries(readdirSync(libs).map((lib) => [`@braid/${lib}`, `${libs}/${lib}/src/index.ts`])),
};

/** The compiler that the tests use: it knows the decorators of entities and controllers. */
function transform({ source, filename }) {
  const { code } = transformSync(source, {
    filename,
    sourceMaps: 'inline',
    jsc: {
      target: 'es2022',
      parser: filename.endsWith('.ts') ? { syntax: 'typescript', decorators: true } : { syntax: 'ecmascript' },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
    module: { type: 'commonjs' },
  });
  return { code };
}

const [program, ...rest] = process.argv.slice(2);
if (program === undefined) throw new Error('Which program? node bench/run.mjs rules');
process.argv.splice(2, process.argv.length, ...rest);
await createJiti(import.meta.url, { alias, transform, fsCache: false }).import(`./${program}.ts`);
