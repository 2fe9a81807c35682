import { type ConvergencePreviewView } from '@braid/contracts';
import {
  compileConvergence,
  type Fork,
  forkAt,
  previewConvergence,
  rootPath,
  UnknownForkError,
  type Workflow,
} from '@braid/workflow';
import { convergenceInvalid, type PreviewRequest } from './preview-request';
import { convergenceView } from './workflow-view';

/**
 * What a fork of the workflow would have decided by another convergence, beside how it stands by its own.
 * @throws Problem `convergence.invalid`
 */
export function previewView(workflow: Workflow, request: PreviewRequest): ConvergencePreviewView {
  const { branch, step } = request;
  const path = branch === rootPath ? step : `${branch}/${step}`;
  const fork = forkOf(workflow, path);
  const compiled = compileConvergence(workflow.graph, fork.step, request.converge);
  if (!compiled.ok) throw convergenceInvalid(compiled.problems);
  const { converge } = compiled;
  return {
    version: workflow.version,
    branch: fork.parent.path,
    step: fork.step.id,
    strategy: converge.strategy.name,
    ...previewConvergence(workflow, path, converge),
    actual: convergenceView(fork),
  };
}

function forkOf(workflow: Workflow, path: string): Fork {
  try {
    return forkAt(workflow, path);
  } catch (error) {
    if (!(error instanceof UnknownForkError)) throw error;
    throw convergenceInvalid([{ path: 'step', message: error.message, severity: 'error' }], error);
  }
}
