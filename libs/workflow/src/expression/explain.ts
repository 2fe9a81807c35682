import { EvaluationError, ParseError, TypeError as CelTypeError } from '@marcbachmann/cel-js';
import { functionNames } from './cel-environment';
import { ExpressionError, type ExpressionErrorCode } from './expression-error';
import { LINEAR_MATCHES } from './functions';
import { nearest } from './suggest';

type CelError = ParseError | EvaluationError | CelTypeError;

const unknownNames: ReadonlySet<string> = new Set(['unknown_variable', 'no_such_key']);

const wrongValues: ReadonlySet<string> = new Set([
  'bool_conversion_error',
  'division_by_zero',
  'double_conversion_error',
  'empty_list',
  'evaluation_error',
  'index_out_of_bounds',
  'index_out_of_range',
  'int_conversion_error',
  'invalid_duration',
  'invalid_json',
  'invalid_regular_expression',
  'invalid_timestamp',
  'modulo_by_zero',
  'numeric_overflow',
  'optional_value_missing',
  'reserved_key',
  'uint_conversion_error',
]);

/** Tells an error of the library, or of JavaScript beneath it, as an error of the expression. */
export function explain(error: unknown, source: string): ExpressionError {
  if (error instanceof ExpressionError) return error;
  if (error instanceof ParseError || error instanceof EvaluationError || error instanceof CelTypeError) {
    return explainCel(error, source);
  }
  if (error instanceof RangeError && error.message.includes('call stack')) {
    return new ExpressionError('expression.value', 'the expression or a value in it is nested too deeply', source);
  }
  return new ExpressionError('expression.value', error instanceof Error ? error.message : String(error), source);
}

function explainCel(error: CelError, source: string): ExpressionError {
  const offset = error.range?.start;
  if (error instanceof ParseError && !wrongValues.has(error.code)) {
    return new ExpressionError('expression.syntax', syntaxReason(error, source, offset), source, { offset });
  }
  const missing = unknownFunction(error);
  if (missing !== undefined) {
    const suggestion = nearest(missing, functionNames);
    const reason = `there is no function '${missing}'${suggestion === undefined ? '' : `; did you mean '${suggestion}'?`}`;
    return new ExpressionError('expression.unknown-name', reason, source, { offset, suggestion });
  }
  return new ExpressionError(codeOf(error.code), reasonOf(error), source, { offset });
}

function codeOf(celCode: string): ExpressionErrorCode {
  if (unknownNames.has(celCode)) return 'expression.unknown-name';
  return wrongValues.has(celCode) ? 'expression.value' : 'expression.type';
}

function syntaxReason(error: ParseError, source: string, offset: number | undefined): string {
  const at = offset === undefined ? '' : ` at character ${offset + 1}`;
  const next = offset === undefined ? undefined : source[offset];
  const advice = next === undefined ? undefined : doubled[next];
  return `${plain(error.summary)}${at}${advice === undefined ? '' : `; ${advice}`}`;
}

const doubled: Readonly<Record<string, string>> = {
  '=': 'write == to compare',
  '&': 'write && for "and"',
  '|': 'write || for "or"',
  $: 'inside ${{ }} names stand without $',
};

function reasonOf(error: CelError): string {
  const reason = plain(error.summary);
  switch (error.code) {
    case 'no_such_key':
      return `${missingKey(error) ?? lowerFirst(reason)}; where it may be missing, write default(…, fallback), has(…) or .?`;
    case 'no_such_overload':
      return `${lowerFirst(reason)}; convert one side with string(…), int(…), double(…) or json(…)`;
    case 'no_matching_overload':
      return `${lowerFirst(reason)}; the function exists, but not for these kinds of values`;
    default:
      return lowerFirst(reason);
  }
}

function missingKey(error: CelError): string | undefined {
  const node = error instanceof EvaluationError ? error.node : undefined;
  if (node?.op !== '.' && node?.op !== '[]') return undefined;
  const [base, member] = node.args;
  const key = typeof member === 'string' ? `'${member}'` : member.input.slice(member.start, member.end);
  return `there is no ${key} in ${base.input.slice(base.start, base.end)}`;
}

/** Messages without the names that only the library's author knows. */
function plain(message: string): string {
  return message
    .replaceAll('list<dyn>', 'list')
    .replaceAll('map<dyn, dyn>', 'map')
    .replaceAll('google.protobuf.', '')
    .replace(/dyn<(\w+)>/g, '$1')
    .replace(/\bdyn\b/g, 'any')
    .replace(/^(no such overload:|found no matching overload for)/, 'there is no')
    .replaceAll(LINEAR_MATCHES, 'matches');
}

const called = /^found no matching overload for '(?:.*\.)?(\w+)\(/s;

function unknownFunction(error: CelError): string | undefined {
  if (error.code !== 'no_matching_overload') return undefined;
  const name = called.exec(error.summary)?.[1];
  return name === undefined || functionNames.has(name) ? undefined : name;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
