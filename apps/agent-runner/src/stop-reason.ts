/** Why an attempt was stopped from outside. It is the reason of the attempt's abort signal. */
export class StopReason extends Error {
  constructor(
    readonly why: 'timeout' | 'cancelled' | 'shutdown',
    message: string,
  ) {
    super(message);
    this.name = why === 'timeout' ? 'TimeoutError' : why === 'cancelled' ? 'CancelledError' : 'ShutdownError';
  }
}
