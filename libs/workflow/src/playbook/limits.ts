/** What a playbook may be at most. Breaking a limit is a problem that names it. */
export type PlaybookLimits = {
  /** Size of the source in bytes of UTF-8. */
  readonly bytes: number;
  /** Nesting of lists and objects. */
  readonly depth: number;
  /** Steps and branches in all. */
  readonly steps: number;
  /** Problems that one answer lists. */
  readonly problems: number;
  /** Different JSON Schemas in one playbook. */
  readonly schemas: number;
};

export const defaultLimits: PlaybookLimits = {
  bytes: 262_144,
  depth: 200,
  steps: 10_000,
  problems: 1_000,
  schemas: 300,
};
