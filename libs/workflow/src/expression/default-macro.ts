import { EvaluationError, Optional, type ASTNode, type Environment } from '@marcbachmann/cel-js';

type Parts = { readonly value: ASTNode; readonly fallback: ASTNode };
type Checker = { check(node: ASTNode, scope: unknown): unknown; getType(name: string): unknown };
type Evaluator = { run(node: ASTNode, scope: unknown): unknown };

const missing: ReadonlySet<string> = new Set(['no_such_key', 'index_out_of_bounds']);

/** `default(value, fallback)`: a macro, because the value must not be evaluated before the fallback is known. */
export function registerDefault(environment: Environment): void {
  environment.registerFunction(
    'default(ast, ast): dyn',
    ({ args }: { readonly args: readonly [ASTNode, ASTNode] }) => ({
      value: args[0],
      fallback: args[1],
      async: false,
      typeCheck(checker: Checker, { value, fallback }: Parts, scope: unknown) {
        checker.check(value, scope);
        checker.check(fallback, scope);
        return checker.getType('dyn');
      },
      evaluate(evaluator: Evaluator, { value, fallback }: Parts, scope: unknown) {
        const found = attempt(() => evaluator.run(value, scope));
        const present = found instanceof Optional ? found.orValue(null) : found;
        return present ?? evaluator.run(fallback, scope);
      },
    }),
  );
}

function attempt(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (error instanceof EvaluationError && missing.has(error.code)) return null;
    throw error;
  }
}
