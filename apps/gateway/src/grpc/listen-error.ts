/** The gRPC port cannot be listened on; `code` is that of the operating system. */
export class GrpcListenError extends Error {
  override readonly name = 'GrpcListenError';
  readonly code: string;

  constructor(cause: Error) {
    super(cause.message, { cause });
    // The library tells the code only in its message.
    this.code = /\b(EADDRINUSE|EACCES|EADDRNOTAVAIL|ENOTFOUND)\b/.exec(cause.message)?.[1] ?? '';
  }
}
