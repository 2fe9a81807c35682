/** What a playbook may be at most. Breaking a limit is a problem that names it. */
export type PlaybookLimits = {
  /** Size of the source in bytes of UTF-8. */
  readonly bytes: number;
  /** Nesting of lists and objects. */
  readonly depth: number;
  /** Names, values, lists and objects in all. */
  readonly parts: number;
  /** Steps and branches in all. */
  readonly steps: number;
  /** Errors after which the check ends, and warnings that one answer lists. */
  readonly problems: number;
  /** Characters of a name, which is a part of every path below it. */
  readonly name: number;
  readonly variables: number;
  /** Operators, brackets and quotes of all expressions, repeated ones counted once. */
  readonly expressions: number;
  /** Different JSON Schemas in one playbook. */
  readonly schemas: number;
  /** Instructions of the programs of all their patterns. */
  readonly patterns: number;
};

export const defaultLimits: PlaybookLimits = {
  bytes: 262_144,
  depth: 200,
  parts: 40_000,
  steps: 2_500,
  variables: 1_000,
  expressions: 10_000,
  problems: 100,
  name: 1_000,
  schemas: 100,
  patterns: 20_000,
};
