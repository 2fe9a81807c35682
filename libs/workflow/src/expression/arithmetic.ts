import { EvaluationError, type Environment } from '@marcbachmann/cel-js';

type Numeric = bigint | number;

const operations: Readonly<Record<string, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / checkDivisor(right, 'division_by_zero'),
  '%': (left, right) => left % checkDivisor(right, 'modulo_by_zero'),
};

/**
 * Lets numbers of JSON, which are CEL doubles, mix with integer literals and sizes: the integer becomes a double. Two
 * integers keep CEL's integer arithmetic (`7 / 2` is 3), a JSON number divides exactly.
 */
export function registerMixedArithmetic(environment: Environment): void {
  for (const [operator, apply] of Object.entries(operations)) {
    const mixed = (left: Numeric, right: Numeric) => apply(Number(left), Number(right));
    environment.registerOperator(`int ${operator} double: double`, mixed);
    environment.registerOperator(`double ${operator} int: double`, mixed);
  }
  environment.registerOperator(
    'double % double',
    (left: number, right: number) => left % checkDivisor(right, 'modulo_by_zero'),
  );
  environment.registerOperator('int == double', (left: bigint, right: number) => Number(left) === right);
}

function checkDivisor(divisor: number, code: string): number {
  if (divisor !== 0) return divisor;
  throw new EvaluationError({ code, message: 'division by zero' });
}
