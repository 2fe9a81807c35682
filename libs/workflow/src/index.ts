export { convergenceOutput } from './convergence/output';
export { evolve, HistoryError } from './evolve';
export { fold } from './fold';
export { restoreSnapshot, snapshotSchema, takeSnapshot, type WorkflowSnapshot } from './snapshot';
export {
  type Branch,
  childPath,
  currentStep,
  endedCount,
  type Fork,
  hasEnded,
  type Phase,
  rootPath,
  unborn,
  type Workflow,
  type WorkflowState,
} from './state';
export { compilePlaybook, type CompiledPlaybook } from './playbook/compile';
export { playbookSchema } from './playbook/playbook-schema';
export { type Problem } from './playbook/problem';
export { bindVariables, type BoundVariables } from './playbook/variables';
