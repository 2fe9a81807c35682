/**
 * The store could not be reached for as long as the caller was willing to wait.
 *
 * - `not-written`: the request never reached the store, or the store refused it whole.
 * - `unknown`: the connection broke while an append was under way and nobody could be asked since. The same batch may be
 *   appended again (the store then finds out whether it had been written); anything else first reads again.
 *
 * Next move of the caller: later.
 */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
  readonly code = 'store.unavailable';

  constructor(
    readonly outcome: 'not-written' | 'unknown',
    options: { readonly cause: unknown },
  ) {
    const reason = options.cause instanceof Error ? options.cause.message : String(options.cause);
    super(`The event store cannot be reached (${reason})`, options);
  }
}

/** The append can never be stored as it is: it breaks a limit of the store. Nothing was written. Next move: change it. */
export class InvalidAppendError extends Error {
  override readonly name = 'InvalidAppendError';
  readonly code = 'append.invalid';
}

/** The database lacks what this release needs, or was set up differently. The message says what to do. */
export class StoreSetupError extends Error {
  override readonly name = 'StoreSetupError';
  readonly code = 'store.setup';
}
