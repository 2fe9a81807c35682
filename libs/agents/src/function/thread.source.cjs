'use strict';
// The entry of a thread when Braid runs from its sources, as in tests: Node cannot load TypeScript there by itself.
const { join } = require('node:path');
const { createJiti } = require('jiti');

const libs = join(__dirname, '..', '..', '..');
const library = (name) => [`@braid/${name}`, join(libs, name, 'src', 'index.ts')];
const alias = Object.fromEntries(['events', 'contracts', 'sdk'].map(library));
const thread = createJiti(__filename, { alias }).import('./thread.ts');

exports.listAgents = async (task) => (await thread).listAgents(task);
exports.runAgent = async (task) => (await thread).runAgent(task);
