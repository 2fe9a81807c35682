export { compileExpression } from './expression/compile-expression';
export { convergenceOutput } from './convergence/output';
export { evolve, HistoryError } from './evolve';
export { fold } from './fold';
export {
  type Branch,
  endedCount,
  type Fork,
  hasEnded,
  type Phase,
  unborn,
  type Workflow,
  type WorkflowState,
} from './state';
