/** What went wrong with an embedded server, stable across releases. */
export type EmbeddedErrorCode =
  | 'embedded.unsupported'
  | 'embedded.in_use'
  | 'embedded.start_failed'
  | 'embedded.data_unusable'
  | 'embedded.nats_missing';

/** Thrown by everything here that a person has to act on; the message says what to change. */
export class EmbeddedError extends Error {
  override readonly name = 'EmbeddedError';

  constructor(
    readonly code: EmbeddedErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** A text property of a thrown value. Looked at by shape, since jest's tests see errors of Node's own as no `Error`. */
const property = (error: unknown, name: 'code' | 'message'): string | undefined => {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
  return typeof value === 'string' ? value : undefined;
};

/** The errno name (`ENOENT`, `EACCES`, …) of a failed system call, `undefined` for any other value. */
export const errno = (error: unknown): string | undefined => property(error, 'code');

/** A sentence for a log line or a list of attempts. */
export const reason = (error: unknown): string => property(error, 'message') ?? String(error);
