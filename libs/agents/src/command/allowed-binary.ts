import { accessSync, constants, statSync } from 'node:fs';
import { basename, delimiter, isAbsolute, join, normalize } from 'node:path';
import { invalidInput } from '../input';

/**
 * The file to run for `argv[0]`, if the allow list has it. A name without a slash must be listed by name, or by the absolute
 * path that it is found at; it is looked up on the runner's own PATH. A name with a slash must be listed letter by letter.
 * Links are not followed for the comparison: `ls` and `sh` may be links to one file and are still two commands.
 * @throws AgentError `invalid-input`
 */
export function allowedBinary(name: string, allow: readonly string[], path: string): string {
  if (allow.length === 0) {
    throw invalidInput('commands are off on this runner; list the binaries that may run in BRAID_COMMAND_ALLOW');
  }
  return name.includes('/') || name.includes('\\') ? listedPath(name, allow) : listedName(name, allow, path);
}

function listedPath(name: string, allow: readonly string[]): string {
  if (!isAbsolute(name) || normalize(name) !== name || !allow.includes(name)) throw refused(name, allow);
  return executable(name) ?? missing(name);
}

function listedName(name: string, allow: readonly string[], path: string): string {
  if (['', '.', '..'].includes(name)) throw refused(name, allow);
  if (allow.includes(name)) return onPath(name, path) ?? missing(name);
  const found = allow.some((entry) => isAbsolute(entry) && basename(entry) === name) ? onPath(name, path) : undefined;
  if (found === undefined || !allow.includes(found)) throw refused(name, allow);
  return found;
}

/** The first executable file of that name. Relative entries of PATH are left out: they depend on where the runner was started. */
function onPath(name: string, path: string): string | undefined {
  for (const folder of path.split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const file = executable(join(folder, name));
    if (file !== undefined) return file;
  }
  return undefined;
}

function executable(file: string): string | undefined {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile() ? file : undefined;
  } catch {
    return undefined;
  }
}

function refused(name: string, allow: readonly string[]): Error {
  return invalidInput(`"${name.slice(0, 200)}" is not in BRAID_COMMAND_ALLOW (${allow.join(', ')})`);
}

function missing(name: string): never {
  throw invalidInput(`"${name}" is allowed but there is no such executable file on this runner`);
}
