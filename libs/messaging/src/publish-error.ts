/**
 * - `full`: the stream holds as much as it may; try later
 * - `too-large`: the message exceeds what the server or the stream takes; send less
 * - `refused`: the server will never take it, for example a subject that is not allowed; a mistake of the sender or the operator
 * - `timeout`: no answer in the time given; it may or may not be stored, so send it again with the same message id
 * - `closed`: the bus was closed; it may or may not be stored
 */
export type PublishErrorCode = 'full' | 'too-large' | 'refused' | 'timeout' | 'closed';

/** A message was not stored, or is not known to be. */
export class PublishError extends Error {
  override readonly name = 'PublishError';

  constructor(
    readonly code: PublishErrorCode,
    readonly subject: string,
    message: string,
  ) {
    super(`${subject}: ${message}`);
  }
}
