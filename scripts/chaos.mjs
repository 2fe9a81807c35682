/**
 * `npm run test:chaos -- --minutes N --seed S`: kills, freezes, cuts and wipes everything that Braid runs on, under load, and
 * checks that every promise held. See test/chaos/README.md.
 */
import { bootstrap } from './bootstrap.mjs';

bootstrap();
// After the bootstrap, which may have to install what it imports.
await import('./chaos-run.mjs');
