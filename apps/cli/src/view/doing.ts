import { type BranchStatusView, type WorkflowView } from '@braid/contracts';

/** What a branch is at: its step, and the agent and runner that work on it or did so last. */
export type Doing = {
  readonly step: string | undefined;
  readonly agent: string | undefined;
  readonly runner: string | undefined;
  /** The workflow that does or did its step, and the playbook of that. */
  readonly child: BranchStatusView['child'];
};

/**
 * Tells what the branches of a workflow are at. A branch that waits for the branches of a fork has no agent, whoever worked
 * on its step before. A step that is called as its branch, or as its agent, is not named twice.
 */
export function doingIn(view: Pick<WorkflowView, 'branchStatus'>): (branch: BranchStatusView) => Doing {
  const forks = new Set(view.branchStatus.map(({ parent, fork }) => `${parent} ${fork}`));
  return (branch) => {
    const forked = branch.endedAt === undefined && forks.has(`${branch.path} ${branch.step}`);
    const { agent, runner } = forked ? {} : branch;
    const named = branch.step !== undefined && branch.step !== branch.branch && branch.step !== agent;
    return { step: named ? branch.step : undefined, agent, runner, child: branch.child };
  };
}
