import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where downloads are kept: `BRAID_CACHE_DIR`, else `braid` in `XDG_CACHE_HOME`, else `~/.cache/braid`. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['BRAID_CACHE_DIR'];
  if (own !== undefined && own !== '') return own;
  const xdg = env['XDG_CACHE_HOME'];
  // The XDG specification tells programs to ignore a relative path.
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'braid');
}
