import { defineAgent } from '@braid/sdk';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { add, pathInput, type PathInput, top } from './_files';
import { installedPackages, readJson } from './_packages';

const permissive =
  /^\(?(MIT|MIT-0|ISC|Apache-2\.0|BSD(-[23]-Clause)?|0BSD|CC0-1\.0|CC-BY-\d\.0|Unlicense|BlueOak-1\.0\.0|Python-2\.0|PostgreSQL)\b/;

/** Reads what every installed package says about its licence, and whether it brings the text. */
export default defineAgent<PathInput>({
  name: 'audit.licences',
  description: 'Licences of the installed dependencies',
  inputSchema: pathInput,
  async run({ path }, { signal }) {
    const licences = new Map<string, number>();
    const notable: string[] = [];
    let withoutText = 0;
    const packages = await installedPackages(path);
    for (const { name, folder } of packages) {
      signal.throwIfAborted();
      const licence = licenceOf(await readJson(join(folder, 'package.json')));
      add(licences, licence);
      if (!permissive.test(licence)) notable.push(`${name} (${licence})`);
      if (!(await hasText(folder))) withoutText += 1;
    }
    return { packages: packages.length, licences: top(licences, 6), notable: notable.slice(0, 10), withoutText };
  },
});

function licenceOf(manifest: Record<string, unknown> | undefined): string {
  const licence = manifest?.['license'];
  if (typeof licence === 'string') return licence;
  const type: unknown = typeof licence === 'object' && licence !== null ? Reflect.get(licence, 'type') : undefined;
  return typeof type === 'string' ? type : 'not said';
}

async function hasText(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  const name = names.find((each) => /^(licen[cs]e|copying)/i.test(each));
  return name !== undefined && (await readFile(join(folder, name), 'utf8').catch(() => '')).trim() !== '';
}
