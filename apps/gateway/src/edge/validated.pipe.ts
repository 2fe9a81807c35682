import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { type Dto, fieldsOf, validated } from './validated';

/** Checks bodies and queries against their DTO class. */
@Injectable()
export class ValidatedPipe implements PipeTransform {
  async transform(value: unknown, { metatype, type }: ArgumentMetadata): Promise<unknown> {
    if (metatype === undefined || !isDto(metatype)) return value;
    return validated(metatype, value, type === 'body' ? 'body' : 'parameters');
  }
}

/** A class with at least one validation rule; built-in types and plain interfaces have none. */
function isDto(metatype: NonNullable<ArgumentMetadata['metatype']>): metatype is Dto {
  return metatype !== Object && metatype !== String && fieldsOf(metatype as Dto).length > 0;
}
