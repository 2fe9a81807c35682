import { Ajv, type ValidateFunction } from 'ajv';
import { type Json } from '@braid/events';
const ajv = new Ajv({ allErrors: true, strict: false });
const compiled = new WeakMap<object, ValidateFunction>();
export function schemaProblems(
  schema: { readonly [keyword: string]: Json },
  value: Json,
): readonly { path: string; message: string }[] {
  let validate = compiled.get(schema);
  if (!validate) compiled.set(schema, (validate = ajv.compile(schema)));
  if (validate(value)) return [];
  return (validate.errors ?? []).map((e) => ({
    path: e.instancePath,
    message: `${e.instancePath} ${e.message ?? ''}`,
  }));
}
export function matchesSchema(schema: { readonly [keyword: string]: Json }, value: Json): boolean {
  return schemaProblems(schema, value).length === 0;
}
