/** What one agent can do now, over all runners that have it. */
export type ServingView = {
  readonly agent: string;
  readonly runners: readonly string[];
  readonly slots: number;
  readonly busy: number;
};

/** A runner as it was heard last. Moments are ISO 8601. */
export type RunnerView = {
  readonly runner: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly heardAt: string;
  /** It stops and takes no new work. */
  readonly draining: boolean;
  readonly agents: readonly { readonly agent: string; readonly slots: number; readonly busy: number }[];
};

/** A message that was set aside because nothing could handle it. */
export type DeadLetterView = {
  readonly id: string;
  readonly at: string;
  readonly reason: string;
  readonly subject: string;
  readonly stream: string;
  readonly deliveryCount: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly encoding: 'utf-8' | 'base64';
  /** Bytes of the whole message, when only its beginning was kept. */
  readonly cutFrom?: number;
};
