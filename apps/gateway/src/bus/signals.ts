/** Core NATS as the gateway uses it: messages that are heard by whoever listens now, and lost otherwise. */
export interface Signals {
  /** Calls `heard` for every message on `subject` until the returned function is called. Survives reconnects. */
  listen(subject: string, heard: (subject: string, body: Uint8Array) => void): () => void;
  /** A new subject prefix of our own that others can answer to. */
  inbox(): string;
  /** Resolves when the server knows about everything that was asked for so far, subscriptions included. */
  flush(): Promise<void>;
}
