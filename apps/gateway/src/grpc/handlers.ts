import { type DescMessage, type DescService, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';

/** What a method knows of its call beside the request. */
export type CallContext = {
  readonly requestId: string;
  /** How large the request is. */
  readonly requestBytes: number;
  /** The W3C trace context of the caller. */
  readonly traceparent?: string;
  /** Aborts when the caller has gone, when its deadline has passed, or when the gateway stops. */
  readonly signal: AbortSignal;
};

type Unary = { readonly methodKind: 'unary'; readonly input: DescMessage; readonly output: DescMessage };
type ServerStreaming = {
  readonly methodKind: 'server_streaming';
  readonly input: DescMessage;
  readonly output: DescMessage;
};

/** Every method of a service: one answer, or a stream of them. What they throw is a problem. */
export type Handlers<S extends DescService> = {
  readonly [K in keyof S['method']]: S['method'][K] extends Unary
    ? (
        request: MessageShape<S['method'][K]['input']>,
        context: CallContext,
      ) => Promise<MessageInitShape<S['method'][K]['output']>>
    : S['method'][K] extends ServerStreaming
      ? (
          request: MessageShape<S['method'][K]['input']>,
          context: CallContext,
        ) => AsyncIterable<MessageInitShape<S['method'][K]['output']>>
      : never;
};
