import { readFile } from 'node:fs/promises';
import { CliError } from './cli-error';

/**
 * The text of a playbook file; `-` reads standard input.
 * @throws CliError when it cannot be read
 */
export async function readPlaybook(file: string): Promise<string> {
  try {
    return await readFile(file === '-' ? '/dev/stdin' : file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const why = code === 'ENOENT' ? 'there is no such file' : String(error instanceof Error ? error.message : error);
    throw new CliError(`${file}: ${why}`);
  }
}
