import { type Json } from '@braid/events';

/** A value of the wrong type, in few words. */
export function describe(value: Json): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${JSON.stringify(value).slice(0, 60)}`;
}
