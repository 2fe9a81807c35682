/** Something that is wrong in a playbook or in values given to one: where it stands and what to change. */
export type Problem = {
  /** `steps[1].parallel.branches.speed.steps[0].agent`; empty for the whole document. */
  readonly path: string;
  /** Both count from 1; absent when what was checked is not a text. */
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
  readonly suggestion?: string;
  /** Warnings do not keep a playbook from running. */
  readonly severity: 'error' | 'warning';
};

export type Position = { readonly line: number; readonly column: number };

/** Where in the source text the field or item at `path` stands: its name or its value. */
export type Locate = (path: string, part: 'key' | 'value') => Position | undefined;

type Found = {
  readonly path: string;
  readonly message: string;
  readonly suggestion?: string | undefined;
  readonly severity?: 'error' | 'warning';
  /** What of the field is wrong, and so what the position points at; the value unless told. */
  readonly part?: 'key' | 'value';
};

const plainKey = /^[A-Za-z_$][\w$-]*$/;

/** The path of a field or list item below `path`. */
export function pathTo(path: string, ...segments: readonly (string | number)[]): string {
  let result = path;
  for (const segment of segments) {
    if (typeof segment === 'number') result += `[${segment}]`;
    else if (!plainKey.test(segment)) result += `[${JSON.stringify(segment)}]`;
    else result += result === '' ? segment : `.${segment}`;
  }
  return result;
}

/** The path of what holds the field or item at `path`. */
export function parentPath(path: string): string {
  return path.replace(/(^|\.)[\w$-]+$|\[(?:\d+|"(?:[^"\\]|\\.)*")\]$/, '');
}

/** Collects every problem of one playbook: each only once, in the order of the text. */
export class ProblemList {
  private readonly found = new Map<string, Found>();
  private original = (path: string): string => path;

  constructor(private readonly most: number) {}

  /** From now on, paths are told as `original` translates them: those of a corrected copy as those of the source. */
  translate(original: (path: string) => string): void {
    this.original = original;
  }

  add(found: Found): void {
    const problem = { ...found, path: this.original(found.path) };
    const key = `${problem.path}\n${problem.message}`;
    if (!this.found.has(key)) this.found.set(key, problem);
  }

  get hasErrors(): boolean {
    return [...this.found.values()].some((problem) => problem.severity !== 'warning');
  }

  /** The problems with their positions. Beyond the limit, one last problem says how many more there are. */
  located(locate: Locate): readonly Problem[] {
    const all = [...this.found.values()].map((problem) => locatedProblem(problem, locate)).toSorted(byPosition);
    if (all.length <= this.most) return all;
    const more = `${all.length - this.most} more problems are not shown`;
    return [...all.slice(0, this.most), { path: '', message: more, severity: 'error' }];
  }
}

function locatedProblem(problem: Found, locate: Locate): Problem {
  const { path, message, suggestion, severity = 'error', part = 'value' } = problem;
  return {
    path,
    ...locate(path, part),
    message,
    ...(suggestion === undefined ? {} : { suggestion }),
    severity,
  };
}

function byPosition(one: Problem, other: Problem): number {
  return (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0);
}
