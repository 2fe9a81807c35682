/** The code of a failed system call (`ENOENT`, `EADDRINUSE`, …), undefined for any other value. Looked at by shape: an error of another realm is no `Error` here. */
export function errno(error: unknown): string | undefined {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : undefined;
}
