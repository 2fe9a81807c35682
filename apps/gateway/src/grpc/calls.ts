import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  type MessageInitShape,
  toBinary,
} from '@bufbuild/protobuf';
import { type Logger } from '@braid/service';
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Metadata,
  type MethodDefinition,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { requestIdFrom } from '../edge/request-id';
import { traceparentIn } from '../edge/traceparent';
import { Problem } from '../problems/problem';
import { decode } from './decode';
import { type CallContext, type Handlers } from './handlers';
import { Outlet } from './outlet';
import { type Refusal, refusal } from './status';

type AnyCall = ServerUnaryCall<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>;
type AnyAnswer = (request: unknown, context: CallContext) => unknown;

export type CallOptions = {
  readonly logger: Logger;
  /** A client that takes nothing for this long is gone or too slow, and its stream is ended, in milliseconds. */
  readonly stallMs: number;
  /** Hears of every call that has ended: its method, `OK`, `gone` or the code of a problem, and after how many seconds. */
  readonly observe: (method: string, code: string, seconds: number) => void;
};

/** Serves handlers to gRPC: reads requests, writes answers, tells problems, and ends every stream when the gateway stops. */
export class Calls {
  private readonly open = new Set<AbortController>();
  private readonly streams = new Set<AbortController>();
  private idle: (() => void) | undefined;

  constructor(private readonly options: CallOptions) {}

  /** How many streams are open. */
  get streaming(): number {
    return this.streams.size;
  }

  /** The service as grpc-js takes it. Messages stay bytes there, so that what cannot be read is answered here as well. */
  serve<S extends DescService>(service: S, handlers: Handlers<S>): [Definition, UntypedServiceImplementation] {
    const definition: Record<string, MethodDefinition<Buffer, Buffer>> = {};
    const implementation: UntypedServiceImplementation = {};
    for (const method of service.methods) {
      const answer = handlers[method.localName as keyof typeof handlers] as AnyAnswer;
      definition[method.localName] = definitionOf(method);
      implementation[method.localName] =
        method.methodKind === 'server_streaming' ? this.streamed(method, answer) : this.unary(method, answer);
    }
    return [definition, implementation];
  }

  /** Ends every stream; clients connect again elsewhere and go on after their last event. */
  endStreams(): void {
    const stopping = new Problem(
      'service.unavailable',
      'This gateway stops; call again and go on where the stream ended',
    );
    this.streams.forEach((stop) => stop.abort(stopping));
  }

  /** Resolves when no call is open. */
  async drained(): Promise<void> {
    while (this.open.size > 0) await new Promise<void>((resolve) => (this.idle = resolve));
  }

  private unary(method: DescMethod, answer: AnyAnswer): handleUnaryCall<Buffer, Buffer> {
    return (call, respond) => {
      const { context, ended, refuse } = this.begin(method, call);
      void (async () => {
        try {
          const init = await answer(decode(method.input, call.request), context);
          const bytes = Buffer.from(
            toBinary(method.output, create(method.output, init as MessageInitShape<DescMessage>)),
          );
          ended('OK');
          respond(null, bytes);
        } catch (error) {
          respond(refuse(error).status);
        }
      })();
    };
  }

  private streamed(method: DescMethod, answer: AnyAnswer): handleServerStreamingCall<Buffer, Buffer> {
    return (call) => {
      const { context, ended, refuse, stop } = this.begin(method, call);
      this.streams.add(stop);
      void (async () => {
        try {
          const outlet = new Outlet(call, context.signal, this.options.stallMs);
          const source = answer(decode(method.input, call.request), context) as AsyncIterable<
            MessageInitShape<DescMessage>
          >;
          let taken = true;
          for await (const init of source) {
            taken = await outlet.write(Buffer.from(toBinary(method.output, create(method.output, init))));
            if (!taken) break;
          }
          if (context.signal.aborted) throw context.signal.reason;
          if (!taken) throw new Problem('service.unavailable', 'The client has not read for too long');
          ended('OK');
          call.end();
        } catch (error) {
          const { status } = refuse(error);
          // The library ends a stream with the status that it is given as an error.
          if (!call.cancelled) call.emit('error', status);
        } finally {
          this.streams.delete(stop);
        }
      })();
    };
  }

  private begin(method: DescMethod, call: AnyCall) {
    const startedAt = performance.now();
    const stop = new AbortController();
    const requestId = requestIdFrom(textIn(call.metadata, 'x-request-id'));
    const traceparent = traceparentIn(textIn(call.metadata, 'traceparent'));
    const name = `${method.parent.name}/${method.name}`;
    this.open.add(stop);
    call.on('cancelled', () => stop.abort(new Gone()));
    if (call.cancelled) stop.abort(new Gone());
    const ended = (code: string) => {
      this.open.delete(stop);
      if (this.open.size === 0) this.idle?.();
      this.options.observe(name, code, (performance.now() - startedAt) / 1_000);
    };
    const refuse = (error: unknown): Refusal => {
      const refused = refusal(error, requestId);
      const gone = stop.signal.reason instanceof Gone;
      if (refused.fault && !gone)
        this.options.logger.error({ error, request: requestId, method: name }, 'a call failed');
      ended(gone ? 'gone' : refused.code);
      return refused;
    };
    const context: CallContext = {
      requestId,
      requestBytes: call.request.length,
      ...(traceparent === undefined ? {} : { traceparent }),
      signal: stop.signal,
    };
    return { context, ended, refuse, stop };
  }
}

/** The caller has cancelled, or its deadline has passed: the library has answered already. */
class Gone extends Error {
  override readonly name = 'Gone';
}

type Definition = { readonly [method: string]: MethodDefinition<Buffer, Buffer> };

function definitionOf(method: DescMethod): MethodDefinition<Buffer, Buffer> {
  const asItIs = (bytes: Buffer) => bytes;
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: false,
    responseStream: method.methodKind === 'server_streaming',
    requestSerialize: asItIs,
    requestDeserialize: asItIs,
    responseSerialize: asItIs,
    responseDeserialize: asItIs,
  };
}

function textIn(metadata: Metadata, key: string): string | undefined {
  const value = metadata.get(key)[0];
  return typeof value === 'string' ? value : undefined;
}
