import { type AgentStep, type BranchRequested, type Failure, isInCompensation } from '@braid/events';
import { attemptsUnit, type Overrun, overrunBy } from '../budget';
import { engineFailure } from '../failures';
import { type Branch } from '../state';
import { failStep } from './end-step';
import { type Turn } from './turn';

/**
 * Asks a runner for an attempt of the step that a branch is at. When the budget of the workflow does not allow another one,
 * the step fails instead, unless it undoes something: that the budget is used up must not leave things half done. `cause`:
 * why there is to be another attempt.
 */
export function dispatch(turn: Turn, branch: Branch, step: AgentStep, request: BranchRequested, cause?: Failure): void {
  const over = isInCompensation(branch.path) ? undefined : overrunBy(turn.state, step);
  if (!over) return turn.record({ type: 'BranchRequested', data: request });
  const { message, details } = inWords(over);
  const more = { details, ...(cause && { cause }) };
  failStep(turn, branch, engineFailure(branch, turn.now, 'budget', 'BudgetExceededError', message, more));
}

function inWords({ unit, budget, used, reserved, cost }: Overrun) {
  const whole = unit === attemptsUnit ? `${budget} attempts` : `${budget} ${unit}`;
  const parts = [
    `${used} used`,
    ...(reserved === 0 ? [] : [`${reserved} set aside for attempts that have not reported theirs`]),
    ...(cost === undefined || unit === attemptsUnit ? [] : [`this step may use ${cost}`]),
  ];
  const details = { unit, budget, used, reserved, ...(cost !== undefined && { cost }) };
  return { message: `The budget of ${whole} does not allow another attempt: ${parts.join(', ')}`, details };
}
