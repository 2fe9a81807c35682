import { Environment } from '@marcbachmann/cel-js';
import { registerMixedArithmetic } from './arithmetic';
import { registerDefault } from './default-macro';
import { registerFunctions } from './functions';

/** Longer expressions are refused before they are parsed. */
export const MAX_SOURCE = 8_192;

type Evaluator = { debugType(value: unknown): unknown; debugTypeDeep(value: unknown): unknown };

/** The one CEL environment of Braid: every name of the scope is dynamic, literals may mix kinds, `.?` is on. */
export const celEnvironment = createEnvironment();

const definitions = celEnvironment.getDefinitions();

/** Names that CEL itself gives a meaning (`int`, `type`, `cel`, …), so that nothing in a scope may be called so. */
export const builtInNames: ReadonlySet<string> = new Set(definitions.variables.map((variable) => variable.name));

export const functionNames: ReadonlySet<string> = new Set(definitions.functions.map((each) => each.name));

function createEnvironment(): Environment {
  const environment = new Environment({
    unlistedVariablesAreDyn: true,
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
    limits: { maxAstNodes: 1_000, maxDepth: 100 },
  });
  registerMixedArithmetic(environment);
  registerFunctions(environment);
  registerDefault(environment);
  keepTypesShallow(environment);
  return environment;
}

/**
 * To choose an overload, the evaluator derives the type of a list or map from its first element, however deep, and keeps
 * every type that it has seen for ever. Values of JSON are dynamic inside, so the outermost level is enough, and
 * data that comes from outside cannot fill the memory with types. A macro is where the evaluator hands itself out.
 */
function keepTypesShallow(environment: Environment): void {
  environment.registerFunction('keepTypesShallow(ast): dyn', () => ({
    async: false,
    typeCheck: (checker: { getType(name: string): unknown }) => checker.getType('dyn'),
    evaluate(evaluator: Evaluator) {
      evaluator.debugTypeDeep = (value) => evaluator.debugType(value);
      return true;
    },
  }));
  environment.evaluate('keepTypesShallow(null)');
}
