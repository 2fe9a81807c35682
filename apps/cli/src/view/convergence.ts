import { type ConvergencePointView, type ConvergencePreviewView } from '@braid/contracts';
import { type Colours } from '../terminal';

/** How a fork was decided, in words: the rule, who counted, who dissented, whose arrival decided, what was saved. */
export function convergenceLines(point: ConvergencePointView, colours: Colours): readonly string[] {
  const { counted, dissented, decidedBy, cancelled, saved } = point;
  const details =
    point.outcome === 'waiting'
      ? []
      : [
          countedText(counted),
          dissented.length === 0 ? undefined : `dissented: ${named(dissented)}`,
          decidedText(point, decidedBy),
          cancelled.length === 0 ? undefined : `cancelled: ${named(cancelled)}${savedText(saved)}`,
        ];
  return [headline(point, colours), ...indented(details, colours)];
}

/** What another strategy would have decided, and how the fork stands by its own. */
export function previewLines(preview: ConvergencePreviewView, colours: Colours): readonly string[] {
  const { counted, dissented, decidedBy, wouldHaveCancelled, actual } = preview;
  const details =
    preview.outcome === 'undecided'
      ? []
      : [
          countedText(counted),
          dissented.length === 0 ? undefined : `would have dissented: ${named(dissented)}`,
          decidedBy === undefined ? undefined : `decided by the arrival of ${decidedBy}`,
          wouldHaveCancelled.length === 0 ? undefined : `would have cancelled: ${named(wouldHaveCancelled)}`,
          preview.output === undefined ? undefined : `output: ${JSON.stringify(preview.output)}`,
        ];
  return [
    `${colours.bold('what if')}  ${headline(preview, colours)}`,
    ...indented(details, colours),
    '',
    `${colours.bold('as it is')} ${convergenceLines(actual, colours).join('\n')}`,
  ];
}

type Told = Pick<ConvergencePreviewView, 'branch' | 'step' | 'strategy' | 'reason'> & {
  readonly outcome: ConvergencePointView['outcome'] | ConvergencePreviewView['outcome'];
};

function headline({ branch, step, strategy, outcome, reason }: Told, colours: Colours): string {
  const name = branch === 'root' ? step : `${branch}/${step}`;
  const paint = outcome === 'met' ? colours.green : outcome === 'unreachable' ? colours.red : colours.cyan;
  return `${name}: ${strategy} ${paint(outcome)}, ${reason}`;
}

function countedText(counted: ConvergencePointView['counted']): string {
  if (counted === 'all') return 'counted: every branch';
  return counted.length === 0 ? 'counted: nobody' : `counted: ${named(counted)}`;
}

function decidedText({ tally }: ConvergencePointView, decidedBy: string | undefined): string {
  if (decidedBy !== undefined) return `decided by the arrival of ${decidedBy}`;
  return tally.total === 0 ? 'decided at once: there was no branch' : 'decided without an arrival: by the deadline';
}

function savedText(saved: ConvergencePointView['saved']): string {
  if (saved === undefined) return '';
  const parts = [
    saved.cancelled > 0 ? `${saved.cancelled} stopped at work` : undefined,
    saved.neverStarted > 0 ? `${saved.neverStarted} never started` : undefined,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? '' : ` (saved: ${parts.join(', ')})`;
}

const mostNames = 12;

function named(names: readonly string[]): string {
  const more = names.length - mostNames;
  return more > 0 ? `${names.slice(0, mostNames).join(', ')} and ${more} more` : names.join(', ');
}

function indented(details: readonly (string | undefined)[], colours: Colours): readonly string[] {
  return details.filter((line) => line !== undefined).map((line) => colours.dim(`  ${line}`));
}
