import { extname, join } from 'node:path';
import { createJiti } from 'jiti';
import { type AgentDefinition, isAgentDefinition } from '@braid/sdk';
import { cacheVariable } from './thread-messages';

/** The library that agents import by its name; it lies beside this one, as source and as built code alike. */
const sdk = join(__dirname, '..', '..', '..', 'sdk', 'src', `index${extname(__filename)}`);

const jiti = createJiti(__filename, { alias: { '@braid/sdk': sdk }, fsCache: process.env[cacheVariable] ?? false });
const loaded = new Map<string, Promise<ReadonlyMap<string, AgentDefinition>>>();

/** The agents that a file exports, by the name of the export. A file is loaded once per thread. */
export function loadFile(file: string): Promise<ReadonlyMap<string, AgentDefinition>> {
  const known = loaded.get(file);
  if (known !== undefined) return known;
  const loading = load(file);
  loaded.set(file, loading);
  return loading;
}

async function load(file: string): Promise<ReadonlyMap<string, AgentDefinition>> {
  const exported: unknown = await jiti.import(file);
  const agents = new Map<string, AgentDefinition>();
  if (typeof exported !== 'object' || exported === null) return agents;
  for (const [name, value] of Object.entries(exported)) {
    if (isAgentDefinition(value) && ![...agents.values()].includes(value)) agents.set(name, value);
  }
  return agents;
}
