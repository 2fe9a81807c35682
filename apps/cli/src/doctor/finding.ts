/** What a check found. `doubtful` works, but somebody should look at it. */
export type Finding = {
  readonly subject: string;
  readonly state: 'good' | 'doubtful' | 'bad';
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string;
};

export const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)) || 'no reason given';
