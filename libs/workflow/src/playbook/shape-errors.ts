import { type Json, type JsonObject } from '@braid/events';
import { type ErrorObject } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020';
import { playbookSchema } from './playbook-schema';

type Kind = 'step' | 'branch';
type Part = { readonly kind: Kind; readonly value: unknown; readonly at: string };

/** Steps and branches that the check under way has come across and not yet looked into. */
let ahead: Part[] = [];

/**
 * The schema as the compiler checks it: one step at a time, for the validator copies all errors so far at each reference
 * that it follows, and so that the check can end where there are enough. Which alternative of a step is meant is left to
 * editors; the compiler finds the same with better words.
 */
const ajv = new Ajv2020({ allErrors: true, verbose: true, strictTypes: false, strictRequired: false })
  .addVocabulary(['errorMessage'])
  .addKeyword({
    keyword: 'checkedLater',
    schemaType: 'string',
    errors: false,
    validate: (kind: Kind, value: unknown, _schema: unknown, place?: { readonly instancePath: string }) => {
      ahead.push({ kind, value, at: place?.instancePath ?? '' });
      return true;
    },
  });

const compile = (schema: JsonObject) => ajv.compile(inParts({ ...schema, $defs: playbookSchema.$defs }));
const validators = {
  playbook: compile(playbookSchema),
  step: compile(playbookSchema.$defs.step),
  branch: compile(playbookSchema.$defs.branch),
};

/** What is wrong with the shape of a playbook, each part before the parts inside of it; at least `most` errors, if there are more. */
export function shapeErrors(playbook: unknown, most: number): readonly ErrorObject[] {
  const errors: ErrorObject[] = [];
  const open: { readonly kind: keyof typeof validators; readonly value: unknown; readonly at: string }[] = [
    { kind: 'playbook', value: playbook, at: '' },
  ];
  for (let part = open.pop(); part !== undefined && errors.length < most; part = open.pop()) {
    const { kind, value, at } = part;
    ahead = [];
    validators[kind](narrowed(value));
    for (const error of (validators[kind].errors ?? []).slice(0, most)) {
      errors.push(Object.assign(error, { instancePath: at + error.instancePath }));
    }
    for (const inner of ahead.toReversed()) open.push({ ...inner, at: at + inner.at });
  }
  return errors;
}

/** No part has so many fields: most of them are unknown, and the first of them are enough to end the check. */
const widest = 200;

/** The part without the fields that are too many; the validator would make an error of each. */
function narrowed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const names = Object.keys(value);
  if (names.length <= widest) return value;
  return Object.fromEntries(Object.entries(value).slice(0, widest));
}

function inParts(schema: JsonObject): JsonObject {
  const { oneOf: _, anyOf: __, ...rest } = schema;
  return Object.fromEntries(Object.entries(rest).map(([key, part]) => [key, isObject(part) ? partOf(part) : part]));
}

function partOf(schema: JsonObject): JsonObject {
  if (schema['$ref'] === '#/$defs/step') return { checkedLater: 'step' };
  if (schema['$ref'] === '#/$defs/branch') return { checkedLater: 'branch' };
  return inParts(schema);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
