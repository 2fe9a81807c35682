export { remainingBudget } from './budget';
export { convergenceOutput } from './convergence/output';
export { type ConvergencePreview, forkAt, previewConvergence, UnknownForkError } from './convergence/preview';
export { evolve } from './evolve';
export { requiredNeeds } from './needs';
export { HistoryError } from './history-error';
export { fold } from './fold';
export { restoreSnapshot, snapshotSchema, takeSnapshot, type WorkflowSnapshot } from './snapshot';
export { currentStep, everyStep, isPast, nestedSteps, type Nesting, nestingsOf, stepUnderWay } from './sequence';
export { nextMoment } from './obligations';
export { signalProblems } from './signal-problems';
export {
  allEnded,
  type Branch,
  type Compensation,
  childPath,
  endedCount,
  type Fork,
  hasEnded,
  isOpen,
  type Phase,
  rootPath,
  unborn,
  type Workflow,
  type WorkflowState,
} from './state';
export { type CompiledConvergence, compileConvergence } from './playbook/compile-convergence';
export { playbooksIn, type PublishedPlaybooks } from './playbook/check-playbooks';
export { compilePlaybook, type CompiledPlaybook } from './playbook/compile';
export { playbookSchema } from './playbook/playbook-schema';
export { type Problem } from './playbook/problem';
export { bindVariables, type BoundVariables } from './playbook/variables';
