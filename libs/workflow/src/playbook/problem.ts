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
  /** Where it stands, if what is wrong has no path of its own. */
  readonly position?: Position | undefined;
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

const segment = /\.?([A-Za-z_$][\w$-]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/gy;

/** The keys and indexes that a path was made of. */
export function segmentsOf(path: string): readonly (string | number)[] {
  return [...path.matchAll(segment)].map(([, plain, index, quoted]) => {
    if (index !== undefined) return Number(index);
    return plain ?? String(JSON.parse(quoted ?? '""'));
  });
}

/** A text from a playbook as messages show it: what a problem says must not grow with what it is about. */
export function shortened(text: string, length = 80): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** There are more problems than one answer lists. */
class Enough extends Error {
  override readonly name = 'Enough';
}

/**
 * Collects the problems of one playbook: each only once, in the order of the text. Errors beyond the limit end the check,
 * so that a text with a hundred thousand of them costs as little as one with a hundred.
 */
export class ProblemList {
  private readonly found = new Map<string, Found>();
  private errors = 0;
  private omitted: { readonly errors: boolean; readonly warnings: number } = { errors: false, warnings: 0 };
  private original = (path: string): string => path;

  constructor(private readonly most: number) {}

  /** From now on, paths are told as `original` translates them: those of a corrected copy as those of the source. */
  translate(original: (path: string) => string): void {
    this.original = original;
  }

  /** What `check` gives; undefined where it ended early because there are enough problems. */
  collect<T>(check: () => T): T | undefined {
    try {
      return check();
    } catch (error) {
      if (error instanceof Enough) return undefined;
      throw error;
    }
  }

  /** To be called within `collect`. */
  add(found: Found): void {
    const problem = { ...found, path: this.original(found.path) };
    const key = `${problem.path}\n${problem.message}`;
    if (this.found.has(key)) return;
    const isWarning = found.severity === 'warning';
    if (!isWarning && this.errors === this.most) {
      this.omitted = { ...this.omitted, errors: true };
      throw new Enough();
    }
    if (isWarning && this.found.size - this.errors >= this.most) {
      this.omitted = { ...this.omitted, warnings: this.omitted.warnings + 1 };
      return;
    }
    this.found.set(key, problem);
    if (!isWarning) this.errors++;
  }

  get hasErrors(): boolean {
    return this.errors > 0;
  }

  /** The problems with their positions. The last ones say what is not shown. */
  located(locate: Locate): readonly Problem[] {
    const all = [...this.found.values()].map((problem) => locatedProblem(problem, locate)).toSorted(byPosition);
    return [...all, ...this.unsaid().map((problem) => locatedProblem(problem, locate))];
  }

  private unsaid(): readonly Found[] {
    const { errors, warnings } = this.omitted;
    const more = `the check ended here, after ${this.most} problems; correct them to see what else there is`;
    return [
      ...(errors ? [{ path: '', message: more }] : []),
      ...(warnings > 0
        ? [{ path: '', message: `${warnings} more warnings are not shown`, severity: 'warning' as const }]
        : []),
    ];
  }
}

function locatedProblem(problem: Found, locate: Locate): Problem {
  const { path, message, suggestion, severity = 'error', part = 'value' } = problem;
  return {
    path,
    ...(problem.position ?? locate(path, part)),
    message,
    ...(suggestion === undefined ? {} : { suggestion }),
    severity,
  };
}

function byPosition(one: Problem, other: Problem): number {
  return (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0);
}
