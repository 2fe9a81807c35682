import { ValidateIf } from 'class-validator';

/**
 * The field may be left out. Null is a value, and a wrong one where no type allows it: `IsOptional` would let it through to
 * code that was promised something else.
 */
export function MayBeAbsent(): PropertyDecorator {
  return ValidateIf((_object, value) => value !== undefined);
}
