import { type BranchStatusName, type BranchStatusView, type WorkflowView } from '@braid/contracts';
import { type Colours } from '../terminal';
import { type Doing, doingIn } from './doing';
import { paintStatus, statusSign } from './status';
import { span, took } from './time';

export type TreeOptions = {
  readonly colours: Colours;
  /** Milliseconds since the epoch, for what has not ended. */
  readonly now: number;
  /** Most branches of one fork that are drawn; the others are counted. */
  readonly limit?: number;
};

type Row = { readonly stem: string; readonly branch: BranchStatusView };
type Drawn = Row & { readonly doing: Doing };
type Counted = { readonly stem: string; readonly counted: string };

/** The branches of a workflow under their parents, each with status, agent, runner, attempt and time. */
export function branchTree(view: Pick<WorkflowView, 'branchStatus'>, options: TreeOptions): readonly string[] {
  const children = childrenOf(view.branchStatus);
  const doing = doingIn(view);
  const rows = below(undefined, '', children, options.limit ?? 24).map((row) =>
    'branch' in row ? { ...row, doing: doing(row.branch) } : row,
  );
  const widths = {
    name: widest(rows.map((row) => ('branch' in row ? `${row.stem}${row.branch.branch}` : ''))),
    step: widest(rows.map((row) => ('branch' in row ? worded(row.doing) : ''))),
    runner: widest(rows.map((row) => ('branch' in row ? (row.doing.runner ?? '') : ''))),
  };
  return rows.map((row) =>
    'branch' in row ? line(row, widths, options) : `${row.stem}${options.colours.dim(row.counted)}`,
  );
}

type Children = ReadonlyMap<string | undefined, readonly BranchStatusView[]>;

function childrenOf(branches: readonly BranchStatusView[]): Children {
  const children = new Map<string | undefined, BranchStatusView[]>();
  for (const branch of branches) {
    const siblings = children.get(branch.parent);
    if (siblings === undefined) children.set(branch.parent, [branch]);
    else siblings.push(branch);
  }
  return children;
}

function below(
  parent: string | undefined,
  stem: string,
  children: Children,
  limit: number,
): readonly (Row | Counted)[] {
  const all = children.get(parent) ?? [];
  const { shown, hidden } = chosen(all, limit);
  const rows = shown.flatMap<Row | Counted>((branch, index) => {
    const last = index === shown.length - 1 && hidden.length === 0;
    const root = parent === undefined;
    const row = { stem: root ? stem : `${stem}${last ? '└─ ' : '├─ '}`, branch };
    return [row, ...below(branch.path, root ? stem : `${stem}${last ? '   ' : '│  '}`, children, limit)];
  });
  return hidden.length === 0 ? rows : [...rows, { stem: `${stem}└─ `, counted: `and ${tally(hidden)}` }];
}

/** What needs attention comes first when not everything has room. */
const urgency: Readonly<Record<BranchStatusName, number>> = {
  failed: 0,
  running: 1,
  requested: 2,
  pending: 3,
  cancelled: 4,
  skipped: 5,
  completed: 6,
};

function chosen(branches: readonly BranchStatusView[], limit: number) {
  if (branches.length <= limit) return { shown: branches, hidden: [] };
  const urgent = new Set(branches.toSorted((a, b) => urgency[a.status] - urgency[b.status]).slice(0, limit));
  return {
    shown: branches.filter((branch) => urgent.has(branch)),
    hidden: branches.filter((branch) => !urgent.has(branch)),
  };
}

function tally(branches: readonly BranchStatusView[]): string {
  const counts = new Map<string, number>();
  for (const { status } of branches) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
}

function line(
  { stem, branch, doing }: Drawn,
  widths: { readonly name: number; readonly step: number; readonly runner: number },
  { colours, now }: TreeOptions,
): string {
  const name = branch.branch.padEnd(widths.name - stem.length);
  const time = took(branch.startedAt, branch.endedAt, now).padStart(8);
  const attempt = (branch.attempt ?? 1) > 1 ? colours.yellow(`attempt ${branch.attempt}`) : '';
  const error = branch.error === undefined ? '' : colours.red(firstLine(branch.error.message));
  const sign = paintStatus(branch.status, `${statusSign(branch.status)} ${branch.status.padEnd(9)}`, colours);
  const agent = colours.dim(worded(doing).padEnd(widths.step));
  const runner = (doing.runner ?? '').padEnd(widths.runner);
  const waits = waiting(branch, now);
  return [`${colours.dim(stem)}${name}`, sign, time, agent, runner, attempt, waits, error].join('  ').trimEnd();
}

/** What a branch waits for, while it does. */
function waiting({ waitsFor }: BranchStatusView, now: number): string {
  if (waitsFor === undefined) return '';
  const { signal, until } = waitsFor;
  const left = until === undefined ? undefined : span(Date.parse(until) - now);
  if (signal === undefined) return left === undefined ? '' : `goes on in ${left}`;
  return left === undefined ? `waits for ${signal}` : `waits for ${signal}, ${left} more`;
}

function worded({ step, agent, child }: Doing): string {
  const by = child === undefined ? agent : `${child.playbook} ${child.workflow}`;
  if (by === undefined) return step ?? '';
  return step === undefined ? by : `${step} (${by})`;
}

const widest = (texts: readonly string[]) => Math.max(0, ...texts.map((text) => text.length));
const firstLine = (text: string) => (text.split('\n', 1)[0] ?? '').slice(0, 120);
