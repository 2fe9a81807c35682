import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';

/** A request as gRPC frames it: not compressed, and its length. */
export function framed(bytes: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

export type RawAnswer = { readonly status: string; readonly httpStatus: number; readonly bytes: number };

/** HTTP/2 without a gRPC library: it sends what no library would, and reads only when it is told to. */
export class RawGrpc {
  private readonly session: ClientHttp2Session;

  constructor(address: string) {
    this.session = connect(`http://${address}`);
    // A server that hangs up is seen by the streams.
    this.session.on('error', () => undefined);
  }

  open(path: string, headers: { readonly [name: string]: string } = {}): ClientHttp2Stream {
    const stream = this.session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    stream.on('error', () => undefined);
    return stream;
  }

  /** Sends the bytes as the whole body and waits for the end. */
  send(path: string, body: Uint8Array, headers: { readonly [name: string]: string } = {}): Promise<RawAnswer> {
    const stream = this.open(path, headers);
    stream.end(body);
    return answerOf(stream);
  }

  close(): void {
    this.session.destroy();
  }
}

/** Reads a stream to its end. */
export function answerOf(stream: ClientHttp2Stream): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let status = '';
    let httpStatus = 0;
    let bytes = 0;
    const note = (headers: IncomingHttpHeaders) => {
      const said = headers['grpc-status'];
      if (typeof said === 'string') status = said;
    };
    stream.on('response', (headers) => {
      httpStatus = headers[':status'] ?? 0;
      note(headers);
    });
    stream.on('trailers', note);
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
    stream.on('close', () => resolve({ status, httpStatus, bytes }));
  });
}
