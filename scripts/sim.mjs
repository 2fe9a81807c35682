// `npm run test:sim [-- --seeds 2000 --from 1 --trace --keep]`: the simulation of the whole system, see docs/decisions/0011-simulation.md.
import './typescript.mjs';
import { createRequire } from 'node:module';

createRequire(import.meta.url)('../test/sim/main.ts');
