/**
 * `npm run test:chaos -- --minutes N --seed S`: kills, freezes, cuts and wipes everything that Braid runs on, under load, and
 * checks that every promise held. See test/chaos/README.md.
 */
import { join } from 'node:path';
import { bootstrap, root } from './bootstrap.mjs';

bootstrap();

// After the bootstrap, which may have to install it first.
const { createJiti } = await import('jiti');
const front = (library) => join(root, 'dist/libs', library, 'src/index.js');
const libraries = ['contracts', 'embedded', 'event-store', 'events', 'messaging', 'sdk', 'workflow'];
const jiti = createJiti(import.meta.url, {
  alias: Object.fromEntries(libraries.map((library) => [`@braid/${library}`, front(library)])),
});
await jiti.import(join(root, 'test/chaos/main.ts'));
