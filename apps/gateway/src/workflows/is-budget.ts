import { type Amounts } from '@braid/events';
import { registerDecorator } from 'class-validator';

const unitPattern = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;
const mostUnits = 50;

/** What is wrong with a budget; undefined where it is one. The rules are those of a playbook's `budget`. */
export function budgetProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'budget must be amounts by unit, for example { "tokens": 1000 }';
  }
  const entries: readonly (readonly [string, unknown])[] = Object.entries(value);
  if (entries.length === 0 || entries.length > mostUnits) return `budget must have 1 to ${mostUnits} units`;
  for (const [unit, amount] of entries) {
    if (!unitPattern.test(unit)) {
      return `budget has the unit ${JSON.stringify(unit)}; a unit is a letter and then letters, digits, _, - or ., at most 64 in all`;
    }
    if (typeof amount !== 'number' || !(amount >= 0 && amount <= 1e15)) {
      return `budget.${unit} must be a number from 0 to 1e15`;
    }
  }
  return undefined;
}

export function IsBudget(): PropertyDecorator {
  return (target, property) =>
    registerDecorator({
      name: 'isBudget',
      target: target.constructor,
      propertyName: String(property),
      validator: {
        validate: (value: unknown): value is Amounts => budgetProblem(value) === undefined,
        defaultMessage: (args) => budgetProblem(args?.value) ?? '',
      },
    });
}
