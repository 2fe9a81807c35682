import { ExpressionError } from '../expression/expression-error';
import { splitText } from '../expression/template-text';
import { type PlaybookLimits } from './limits';
import { type ProblemList } from './problem';

/**
 * How much expression one playbook may have: each operator takes some microseconds to read, in every service that uses
 * the playbook. An expression that has been found right costs nothing when it stands there again.
 */
export class ExpressionBudget {
  private spent = 0;
  private readonly paid = new Set<string>();

  constructor(
    private readonly limits: PlaybookLimits,
    private readonly problems: ProblemList,
  ) {}

  /** Whether the expressions may be checked; else that there are too many is a problem. */
  covers(codes: readonly string[]): boolean {
    if (this.spent > this.limits.expressions) return false;
    for (const code of codes) if (!this.paid.has(code)) this.spent += sizeOf(code);
    if (this.spent <= this.limits.expressions) return true;
    const message = `the expressions are too long; the limit (expressions: operators, brackets and quotes of all different ones) is ${this.limits.expressions}`;
    this.problems.add({ path: '', message, suggestion: 'work values out in an agent, or in a playbook of its own' });
    return false;
  }

  /** The expressions have been found right. */
  keep(codes: readonly string[]): void {
    for (const code of codes) this.paid.add(code);
  }
}

/** Calls take most time, then operators and other brackets; a mere path through the scope is read fast. */
function sizeOf(code: string): number {
  const calls = code.match(/\(/g)?.length ?? 0;
  return 2 + 2 * calls + (code.match(/[^\w\s.]/g)?.length ?? 0) + (code.length >> 5);
}

/** The expressions in a text; none where one of them has no end, which is found out about elsewhere. */
export function codesIn(text: string): readonly string[] {
  try {
    return splitText(text).flatMap((part) => (part.kind === 'code' ? part.code : []));
  } catch (error) {
    if (error instanceof ExpressionError) return [];
    throw error;
  }
}
