/**
 * What is wrong with an expression:
 * - `expression.syntax`: the text cannot be read; the playbook must change
 * - `expression.unknown-name`: a name, field or function that is not there
 * - `expression.type`: an operator or function got a kind of value that it does not take
 * - `expression.cost`: the cost limit was reached
 * - `expression.value`: a value that has no meaning here: a division by zero, an integer that JSON cannot carry
 */
export type ExpressionErrorCode =
  'expression.syntax' | 'expression.unknown-name' | 'expression.type' | 'expression.cost' | 'expression.value';

/** Keys and indexes that lead from the root of a template to one of its strings; empty for a bare expression. */
export type TemplatePath = readonly (string | number)[];

type Details = { readonly offset?: number | undefined; readonly suggestion?: string | undefined };

/**
 * The only error that compiling and evaluating throw. The message says what to change. `offset` counts UTF-16 units
 * from the start of `expression`; `suggestion` is a text that may replace what is wrong.
 */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  readonly offset: number | undefined;
  readonly suggestion: string | undefined;
  readonly path: TemplatePath;
  readonly #reason: string;

  constructor(
    readonly code: ExpressionErrorCode,
    reason: string,
    readonly expression: string,
    details: Details = {},
    path: TemplatePath = [],
  ) {
    super(`${reason} (in the expression: ${excerpt(expression)})`);
    this.#reason = reason;
    this.offset = details.offset;
    this.suggestion = details.suggestion;
    this.path = path;
  }

  /** The message without the expression, for whoever shows the expression beside it. */
  get reason(): string {
    return this.#reason;
  }

  /** The same error, told apart by the place in the template where it arose. */
  within(path: TemplatePath): ExpressionError {
    return new ExpressionError(this.code, this.#reason, this.expression, this, path);
  }
}

function excerpt(text: string): string {
  return text.length > 200 ? `${text.slice(0, 197)}...` : text;
}
