import { type PlaybookProblem } from '@braid/contracts';
import { type ValidationError } from 'class-validator';
import { closest } from 'fastest-levenshtein';

/** One problem per violated constraint, each with the path of its field. `known` are the fields that exist. */
export function validationProblems(
  errors: readonly ValidationError[],
  known: readonly string[],
  parent = '',
): readonly PlaybookProblem[] {
  return errors.flatMap((error) => {
    const path = parent === '' ? error.property : `${parent}.${error.property}`;
    const own = Object.entries(error.constraints ?? {}).map(([constraint, message]) =>
      constraint === 'whitelistValidation' ? unknownField(path, error.property, known) : problem(path, message),
    );
    return [...own, ...validationProblems(error.children ?? [], [], path)];
  });
}

function problem(path: string, message: string): PlaybookProblem {
  return { path, message, severity: 'error' };
}

function unknownField(path: string, field: string, known: readonly string[]): PlaybookProblem {
  const candidates = known.filter((name) => name !== field);
  return {
    path,
    message: `"${field}" is not a field of this request`,
    severity: 'error',
    ...(candidates.length === 0
      ? {}
      : { suggestion: `Remove it, or did you mean "${closest(field, candidates)}"? Fields: ${candidates.join(', ')}` }),
  };
}
