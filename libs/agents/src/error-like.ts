/** What can be read of an error. */
export type ErrorLike = {
  readonly name: unknown;
  readonly message: unknown;
  readonly stack?: unknown;
  readonly cause?: unknown;
  readonly code?: unknown;
};

const tags = new Set(['[object Error]', '[object DOMException]']);

/** Whether a value is an error, also when it was made in another realm (a thread, `node:vm`), where `instanceof` says no. */
export function isErrorLike(value: unknown): value is ErrorLike {
  return value instanceof Error || tags.has(Object.prototype.toString.call(value));
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return isErrorLike(thrown) ? String(thrown.message || thrown.name) : String(thrown);
}
