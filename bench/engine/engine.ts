/** Something that runs W(n): a workflow that fans out over n branches of nothing, waits for all of them, and ends. */
export type Engine = {
  readonly name: string;
  /** How it is set up, for whoever reads the figures. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** The processes that do its work, by name; whoever asks for the work is not among them. */
  readonly pids: ReadonlyMap<string, number>;
  /** Runs one workflow to its end. */
  complete(width: number): Promise<void>;
  /** Counters of its store that only grow, by name: commits, events, bytes. */
  counters(): Promise<Readonly<Record<string, number>>>;
  stop(): Promise<void>;
};
