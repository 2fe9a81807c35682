import { type PlaybookLimits } from './limits';
import { shortened } from './problem';

const refusedNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Whether a field may not be called so: it would reach the prototype of a careless copy, or cannot be stored. */
export function isRefusedName(name: string): boolean {
  return refusedNames.has(name) || !isStorable(name);
}

/** Without a lone half of a surrogate pair and U+0000: UTF-8 and PostgreSQL cannot store them. */
export function isStorable(text: string): boolean {
  return !unstorablePattern.test(text);
}

// With the flag `u`, a pair is one character, so this finds only halves.
const unstorablePattern = /[\ud800-\udfff\0]/u;

export const unstorable = 'the text holds a character that cannot be stored (U+0000 or half of a pair)';

export function tooMany(limits: PlaybookLimits): string {
  return `the playbook has too many parts; the limit (parts: names, values, lists and objects in all) is ${limits.parts}`;
}

export function tooDeep(limits: PlaybookLimits): string {
  return `lists and objects are nested too deeply; the limit (depth) is ${limits.depth}`;
}

/** Names that are longer than the limit are not repeated in problems, of which each would be as long. */
export function tooLong(name: string, limits: PlaybookLimits): string {
  return `the name "${shortened(name)}" has ${name.length} characters; the limit (name) is ${limits.name}`;
}
