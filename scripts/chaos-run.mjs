/** A chaos run on what is compiled already; `scripts/chaos.mjs` prepares the working copy first. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createJiti } from 'jiti';
import { root } from './bootstrap.mjs';

const front = (library) => [`@braid/${library}`, join(root, 'dist/libs', library, 'src/index.js')];
const jiti = createJiti(import.meta.url, {
  alias: Object.fromEntries(readdirSync(join(root, 'dist/libs')).map(front)),
});
await jiti.import(join(root, 'test/chaos/main.ts'));
