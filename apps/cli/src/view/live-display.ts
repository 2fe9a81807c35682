import { type WorkflowView } from '@braid/contracts';
import { type Terminal } from '../terminal';
import { branchTree } from './branch-tree';
import { changes } from './changes';
import { workflowStatus } from './workflow';
import { took } from './time';

/** Shows a workflow while it runs. */
export type LiveDisplay = {
  update(view: WorkflowView): void;
  /** Writes a line that stays, beside the picture. */
  note(text: string): void;
  /** Leaves the last picture standing. */
  done(): void;
};

/** On a terminal the tree is drawn again in place; elsewhere each change of a branch is a line of its own. */
export async function liveDisplay(terminal: Terminal): Promise<LiveDisplay> {
  return terminal.interactive ? redrawn(terminal) : appended(terminal);
}

const framesPerSecond = 8;

async function redrawn(terminal: Terminal): Promise<LiveDisplay> {
  const { default: logUpdate } = await import('log-update');
  let view: WorkflowView | undefined;
  const draw = () => {
    if (view !== undefined) logUpdate(picture(view, terminal).join('\n'));
  };
  // The times of what runs go on between two changes.
  const timer = setInterval(draw, 1_000 / framesPerSecond);
  return {
    update(next) {
      view = next;
      draw();
    },
    note: (text) => logUpdate.persist(text),
    done() {
      clearInterval(timer);
      draw();
      logUpdate.done();
    },
  };
}

function picture(view: WorkflowView, { colours }: Terminal): readonly string[] {
  const now = Date.now();
  const head = `${colours.bold(view.playbook.name)}  ${workflowStatus(view, colours)}  ${took(view.startedAt, view.endedAt, now)}`;
  return [head, ...branchTree(view, { colours, now })];
}

function appended(terminal: Terminal): LiveDisplay {
  let last: WorkflowView | undefined;
  return {
    update(view) {
      for (const line of changes(last, view, { colours: terminal.colours, now: Date.now() })) terminal.print(line);
      last = view;
    },
    note: (text) => terminal.print(text),
    done() {
      if (last !== undefined) terminal.print(picture(last, terminal).join('\n'));
    },
  };
}
