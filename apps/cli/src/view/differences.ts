import { type WorkflowView } from '@braid/contracts';
import { type Json } from '@braid/events';
import { type Colours } from '../terminal';

/** A value that is not the same in two versions; absent where there is none. `path` names branches by their own paths. */
export type Difference = { readonly path: string; readonly before?: Json; readonly after?: Json };

/** Longer values are cut in a line. */
const shown = 100;

/** Where two versions of a workflow differ, in the order of the later one. */
export function differences(before: WorkflowView, after: WorkflowView): readonly Difference[] {
  const found: Difference[] = [];
  const { version: _old, ...one } = keyed(before);
  const { version: _new, ...other } = keyed(after);
  compare('', one as Json, other as Json, found);
  return found;
}

/** The view with its lists as records, so that a branch is compared with itself wherever it stands. */
function keyed(view: WorkflowView) {
  const { branchStatus, convergencePoints, parallelBranches: _same, ...rest } = view;
  return {
    ...rest,
    branches: Object.fromEntries(branchStatus.map((branch) => [branch.path, branch])),
    forks: Object.fromEntries(convergencePoints.map((point) => [`${point.branch} ${point.step}`, point])),
  };
}

function compare(path: string, before: Json | undefined, after: Json | undefined, found: Difference[]): void {
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(after), ...Object.keys(before)]);
    for (const key of keys) compare(path === '' ? key : `${path}.${key}`, before[key], after[key], found);
    return;
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  found.push({ path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) });
}

const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One line per difference: `-` what was, `+` what is. */
export function differenceLines(found: readonly Difference[], colours: Colours): readonly string[] {
  return found.flatMap(({ path, before, after }) => [
    colours.bold(path),
    ...(before === undefined ? [] : [colours.red(`  - ${cut(before)}`)]),
    ...(after === undefined ? [] : [colours.green(`  + ${cut(after)}`)]),
  ]);
}

function cut(value: Json): string {
  const text = JSON.stringify(value);
  return text.length <= shown ? text : `${text.slice(0, shown - 1)}…`;
}
