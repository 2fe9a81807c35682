import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { braidV1, googleRpc } from '@braid/contracts';
import {
  type CallOptions,
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';

export type GrpcCallOptions = {
  readonly headers?: { readonly [name: string]: string };
  /** How long the call may take, in milliseconds. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
};

/** What a refused call says. */
export class GrpcRefusal extends Error {
  override readonly name = 'GrpcRefusal';
  /** Name of the status, such as `NOT_FOUND`. */
  readonly status: string;
  /** The stable code of Braid; absent where somebody else refused. */
  readonly code: string | undefined;
  readonly problems: readonly braidV1.Problem[];
  /** Of how many problems those are the first. */
  readonly problemCount: number;
  readonly fields: readonly string[];
  /** When the call may succeed, in seconds. */
  readonly retryAfter: number | undefined;
  /** How long the details are as they are sent, in bytes. */
  readonly detailBytes: number;

  constructor(error: ServiceError) {
    super(error.details);
    this.status = status[error.code] ?? String(error.code);
    const bytes = error.metadata?.get('grpc-status-details-bin')[0];
    const { details } = fromBinary(googleRpc.StatusSchema, Buffer.isBuffer(bytes) ? bytes : new Uint8Array());
    const find = <T extends DescMessage>(schema: T): MessageShape<T> | undefined =>
      details.map((detail) => anyUnpack(detail, schema)).find((message) => message !== undefined);
    const problem = find(braidV1.ProblemDetailsSchema);
    this.code = find(googleRpc.ErrorInfoSchema)?.metadata['code'];
    this.problems = problem?.problems ?? [];
    this.problemCount = problem?.problemCount ?? 0;
    this.fields = find(googleRpc.BadRequestSchema)?.fieldViolations.map(({ field }) => field) ?? [];
    const delay = find(googleRpc.RetryInfoSchema)?.retryDelay;
    this.retryAfter = delay && Number(delay.seconds);
    this.detailBytes = Buffer.isBuffer(bytes) ? bytes.length : 0;
  }
}

/** A client of the gRPC API as any program would have one. */
export class GrpcClient {
  private readonly client: Client;

  constructor(address: string) {
    this.client = new Client(address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 300,
      // Each client has connections of its own, so that what one test does to them is not felt by another.
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  /** @throws GrpcRefusal */
  async call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: GrpcCallOptions = {},
  ): Promise<MessageShape<O>> {
    const bytes = Buffer.from(toBinary(method.input, create(method.input, request)));
    return fromBinary(method.output, await this.raw(pathOf(method), bytes, options));
  }

  /** Sends bytes as a request, whatever they are. @throws GrpcRefusal */
  raw(path: string, bytes: Uint8Array, { headers = {}, deadlineMs, signal }: GrpcCallOptions = {}): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const call = this.client.makeUnaryRequest<Buffer, Buffer>(
        path,
        asItIs,
        asItIs,
        Buffer.from(bytes),
        metadataOf(headers),
        callOptions(deadlineMs),
        (error, answer) => {
          if (error) reject(new GrpcRefusal(error));
          else resolve(answer ?? Buffer.alloc(0));
        },
      );
      signal?.addEventListener('abort', () => call.cancel(), { once: true });
    });
  }

  /** Reads a stream; leaving the loop cancels the call. @throws GrpcRefusal */
  async *stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    options: GrpcCallOptions = {},
  ): AsyncGenerator<MessageShape<O>, void, undefined> {
    const call = this.open(method, request, options);
    const { signal } = options;
    const cancel = () => call.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      for await (const bytes of call) yield fromBinary(method.output, bytes as Buffer);
    } catch (error) {
      throw new GrpcRefusal(error as ServiceError);
    } finally {
      signal?.removeEventListener('abort', cancel);
      call.cancel();
    }
  }

  private open<I extends DescMessage>(
    method: DescMethodServerStreaming<I, DescMessage>,
    request: MessageInitShape<I>,
    { headers = {}, deadlineMs }: GrpcCallOptions,
  ): ClientReadableStream<Buffer> {
    const bytes = Buffer.from(toBinary(method.input, create(method.input, request)));
    return this.client.makeServerStreamRequest<Buffer, Buffer>(
      pathOf(method),
      asItIs,
      asItIs,
      bytes,
      metadataOf(headers),
      callOptions(deadlineMs),
    );
  }

  close(): void {
    this.client.close();
  }
}

const asItIs = (bytes: Buffer) => bytes;

const pathOf = (method: DescMethod) => `/${method.parent.typeName}/${method.name}`;

function metadataOf(headers: { readonly [name: string]: string }): Metadata {
  // Waits for a server that is not there yet, instead of failing.
  const metadata = new Metadata({ waitForReady: true });
  Object.entries(headers).forEach(([name, value]) => metadata.set(name, value));
  return metadata;
}

function callOptions(deadlineMs: number | undefined): CallOptions {
  return deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
}
