import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validate } from 'class-validator';
import { Problem } from '../problems/problem';
import { validationProblems } from '../problems/validation-problems';

/** A class whose fields have validation rules. */
export type Dto<T extends object = object> = new () => T;

/**
 * An instance of the class with the values of `plain`; a field that the class does not name is a mistake and is refused. A
 * body's fields are taken over as they are: values of variables and contexts belong to the caller and are not converted.
 * @throws Problem `input.invalid` for a body, `request.invalid` for parameters.
 */
export async function validated<T extends object>(
  dto: Dto<T>,
  plain: unknown,
  kind: 'body' | 'parameters',
): Promise<T> {
  const given = plain ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw new Problem('input.invalid', 'The body must be an object', {
      problems: [{ path: '', message: 'must be an object', severity: 'error' }],
    });
  }
  const instance = kind === 'body' ? Object.assign(new dto(), given) : plainToInstance(dto, given);
  const errors = await validate(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: false,
    stopAtFirstError: true,
  });
  if (errors.length === 0) return instance;
  const problems = validationProblems(errors, fieldsOf(dto));
  const detail = problems.map((problem) => `${problem.path}: ${problem.message}`).join('; ');
  throw new Problem(kind === 'body' ? 'input.invalid' : 'request.invalid', detail, { problems });
}

/** The fields that have rules. */
export function fieldsOf(dto: Dto): readonly string[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(dto, dto.name, false, false);
  return [...new Set(rules.map((rule) => rule.propertyName))];
}
