import { type WorkflowSummary, type WorkflowView } from '@braid/contracts';
import { type Failure, type Json } from '@braid/events';
import { type Colours } from '../terminal';
import { branchTree } from './branch-tree';
import { convergenceLines } from './convergence';
import { costLines } from './cost';
import { markdown } from './markdown';
import { paintStatus, statusSign } from './status';
import { table } from './table';
import { moment, took } from './time';

type ViewOptions = { readonly colours: Colours; readonly now: number };

/** One workflow: how it stands, its branches, its convergences, its output or failure. */
export function workflowDetails(view: WorkflowView, options: ViewOptions): string {
  const { colours } = options;
  const { playbook, cost, parent } = view;
  const version = playbook.version === undefined ? '' : `@${playbook.version}`;
  const sections = [
    [
      `${colours.bold(`${playbook.name}${version}`)}  ${view.id}`,
      `${workflowStatus(view, colours)}  ${took(view.startedAt, view.endedAt, options.now)}, ${view.executionMode}, started ${moment(view.startedAt)} UTC, version ${view.version}`,
      ...(parent === undefined ? [] : [`child of ${parent.workflow}, of its step ${parent.step} in ${parent.branch}`]),
      ...costLines(cost, colours),
    ],
    branchTree(view, options),
    view.convergencePoints.flatMap((point) => convergenceLines(point, colours)),
    Object.keys(view.context).length === 0 ? [] : [`context ${JSON.stringify(view.context)}`],
    ...compensationSections(view, colours),
    view.error === undefined ? [] : failureLines(view.error, colours),
    view.output === undefined ? [] : [outputText(view.output, colours)],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** Workflows, one per line. */
export function workflowList(workflows: readonly WorkflowSummary[], { colours, now }: ViewOptions): string {
  if (workflows.length === 0) return 'There are no workflows of this kind.';
  const rows = workflows.map((each) => [
    each.id,
    each.playbookVersion === undefined ? each.playbook : `${each.playbook}@${each.playbookVersion}`,
    statusText(each.status, colours),
    `${each.branches.completed}/${each.branches.total}${each.branches.failed > 0 ? colours.red(` ${each.branches.failed} failed`) : ''}`,
    moment(each.startedAt),
    took(each.startedAt, each.endedAt, now),
    (each.error ?? '').split('\n', 1)[0]?.slice(0, 60) ?? '',
  ]);
  return table(['ID', 'PLAYBOOK', 'STATUS', 'BRANCHES', 'STARTED (UTC)', 'TOOK', 'ERROR'], rows, colours);
}

export function statusText(status: WorkflowView['status'], colours: Colours): string {
  return paintStatus(status, `${statusSign(status)} ${status}`, colours);
}

/** How a workflow stands; while its steps are undone, that, and how far it has come. */
export function workflowStatus(view: Pick<WorkflowView, 'status' | 'compensation'>, colours: Colours): string {
  const { status, compensation } = view;
  const shown = statusText(status, colours);
  if (compensation?.state !== 'compensating') return shown;
  const { total, undone, failed } = compensation.steps;
  return `${shown}, compensating (${undone + failed} of ${total})`;
}

/** What was undone and why, with the failure that brought it about where the workflow has not ended with it. */
function compensationSections(view: WorkflowView, colours: Colours): readonly (readonly string[])[] {
  if (view.compensation === undefined) return [];
  const { state, because, error, steps } = view.compensation;
  const why = because === 'failed' ? 'the workflow has failed' : 'the workflow was cancelled';
  const failed = steps.failed === 0 ? '' : colours.red(`, ${steps.failed} could not be`);
  const line = `${state} because ${why}: ${steps.undone} of ${steps.total} steps undone${failed}`;
  return [[line], view.error === undefined && error !== undefined ? failureLines(error, colours) : []];
}

/** A text is shown as it is, with its headings raised; everything else as JSON. */
export function outputText(output: Json, colours: Colours): string {
  return typeof output === 'string' ? markdown(output, colours) : JSON.stringify(output, null, 2);
}

/** Why something failed: type, message, where and on which runner, and what caused it. */
export function failureLines(failure: Failure, colours: Colours): readonly string[] {
  const { type, code, message, branch, step, attempt, agent, runner, cause, stack } = failure;
  const place = [
    branch === undefined ? undefined : `branch ${branch}`,
    step === undefined ? undefined : `step ${step}`,
    attempt === undefined ? undefined : `attempt ${attempt}`,
    agent === undefined ? undefined : `agent ${agent}`,
    runner === undefined ? undefined : `on ${runner}`,
  ].filter((part) => part !== undefined);
  return [
    `${colours.red(`${type} (${code})`)} ${message}`,
    ...(place.length === 0 ? [] : [colours.dim(`  ${place.join(', ')}`)]),
    ...(stack === undefined
      ? []
      : stack
          .split('\n')
          .slice(1, 6)
          .map((line) => colours.dim(`  ${line.trim()}`))),
    ...(cause === undefined ? [] : ['caused by', ...failureLines(cause, colours)]),
  ];
}
