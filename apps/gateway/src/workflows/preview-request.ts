import { type PlaybookProblem } from '@braid/contracts';
import { type JsonObject } from '@braid/events';
import { rootPath } from '@braid/workflow';
import { Problem } from '../problems/problem';

/** Which fork, and the fields of the `converge` that is tried out on it. */
export type PreviewRequest = { readonly branch: string; readonly step: string; readonly converge: JsonObject };

/**
 * Reads the body of a preview; what `converge` may hold is checked later, against the playbook.
 * @throws Problem `convergence.invalid`
 */
export function previewRequest(body: unknown): PreviewRequest {
  if (!isObject(body)) throw convergenceInvalid([problem('', 'must be an object with step and strategy')]);
  const { step, branch = rootPath, ...converge } = body;
  const problems = [
    ...(isName(step) ? [] : [problem('step', 'must name the step that forked')]),
    ...(isName(branch) ? [] : [problem('branch', 'must be the path of the branch that forked, such as reviews/speed')]),
    ...('strategy' in converge ? [] : [problem('strategy', 'must name the strategy to try out')]),
  ];
  if (!isName(step) || !isName(branch) || problems.length > 0) throw convergenceInvalid(problems);
  return { branch, step, converge };
}

export function convergenceInvalid(problems: readonly PlaybookProblem[], cause?: unknown): Problem {
  const detail = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  return new Problem('convergence.invalid', detail, { problems }, cause);
}

const isName = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** A body that was parsed from JSON. */
function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function problem(path: string, message: string): PlaybookProblem {
  return { path, message, severity: 'error' };
}
