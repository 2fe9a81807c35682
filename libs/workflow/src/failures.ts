import { type Failure, type FailureCode, type Json } from '@braid/events';
import { ExpressionError } from './expression/expression-error';
import { stepUnderWay } from './sequence';
import { type Branch } from './state';

/** A failure that the engine itself states, of the step that a branch is at. */
export function engineFailure(
  branch: Branch,
  at: number,
  code: FailureCode,
  type: string,
  message: string,
  more: {
    readonly details?: Json;
    readonly retryable?: boolean;
    readonly cause?: Failure;
    readonly stack?: string;
  } = {},
): Failure {
  const step = stepUnderWay(branch);
  return {
    type,
    message,
    code,
    retryable: more.retryable ?? false,
    ...(more.stack !== undefined && { stack: more.stack }),
    ...(more.cause && { cause: more.cause }),
    ...(more.details !== undefined && { details: more.details }),
    branch: branch.path,
    ...(step && { step: step.id }),
    at,
  };
}

/** The failure of an expression at a place of the playbook; anything but an {@link ExpressionError} is a bug and is thrown on. */
export function expressionFailure(branch: Branch, at: number, path: string, error: unknown): Failure {
  if (!(error instanceof ExpressionError)) throw error;
  return engineFailure(branch, at, 'expression', error.name, `${path}: ${error.message}`, {
    details: { path, code: error.code, expression: error.expression },
    ...(error.stack !== undefined && { stack: error.stack }),
  });
}
