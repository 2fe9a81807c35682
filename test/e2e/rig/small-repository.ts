import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A commit of a repository: its message, and files by name. */
export type Commit = { readonly message: string; readonly files: Readonly<Record<string, string>> };

/** Makes a git repository of these commits in a folder that is not there yet. */
export async function smallRepository(folder: string, commits: readonly Commit[]): Promise<string> {
  const git = (...args: readonly string[]) =>
    run('git', ['-C', folder, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args]);
  await mkdir(folder);
  await git('init', '--quiet');
  for (const { message, files } of commits) {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    await git('add', '.');
    await git('commit', '--quiet', '--no-gpg-sign', `--message=${message}`);
  }
  return folder;
}
