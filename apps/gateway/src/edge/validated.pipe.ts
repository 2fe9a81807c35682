import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validate } from 'class-validator';
import { Problem } from '../problems/problem';
import { validationProblems } from '../problems/validation-problems';

type Dto = new () => object;

/**
 * Checks bodies and queries against their DTO class; a field that the class does not name is a mistake and is refused.
 * A body's fields are taken over as they are: values of variables and contexts belong to the caller and are not converted.
 */
@Injectable()
export class ValidatedPipe implements PipeTransform {
  async transform(value: unknown, { metatype, type }: ArgumentMetadata): Promise<unknown> {
    if (metatype === undefined || !isDto(metatype)) return value;
    const plain = value ?? {};
    if (typeof plain !== 'object' || Array.isArray(plain)) {
      throw new Problem('input.invalid', 'The body must be an object', {
        problems: [{ path: '', message: 'must be an object', severity: 'error' }],
      });
    }
    const instance = type === 'body' ? Object.assign(new metatype(), plain) : plainToInstance(metatype, plain);
    const errors = await validate(instance, {
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: false,
      stopAtFirstError: true,
    });
    if (errors.length === 0) return instance;
    const problems = validationProblems(errors, fieldsOf(metatype));
    const detail = problems.map((problem) => `${problem.path}: ${problem.message}`).join('; ');
    throw new Problem(type === 'body' ? 'input.invalid' : 'request.invalid', detail, { problems });
  }
}

function fieldsOf(dto: Dto): readonly string[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(dto, dto.name, false, false);
  return [...new Set(rules.map((rule) => rule.propertyName))];
}

/** A class with at least one validation rule; built-in types and plain interfaces have none. */
function isDto(metatype: NonNullable<ArgumentMetadata['metatype']>): metatype is Dto {
  return metatype !== Object && metatype !== String && fieldsOf(metatype as Dto).length > 0;
}
