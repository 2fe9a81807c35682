import { readFile } from 'node:fs/promises';
import { CliError } from './cli-error';
import { errno } from './system-error';

/**
 * The text of a playbook file; `-` reads standard input.
 * @throws CliError when it cannot be read
 */
export async function readPlaybook(file: string): Promise<string> {
  try {
    return await readFile(file === '-' ? '/dev/stdin' : file, 'utf8');
  } catch (error) {
    const why = errno(error) === 'ENOENT' ? 'there is no such file' : String(error);
    throw new CliError(`${file}: ${why}`);
  }
}
