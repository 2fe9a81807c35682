import { Problem } from '../problems/problem';

/** Deeper nesting than any sensible request has; everything behind the edge may recurse over values safely. */
export const deepestBody = 256;

/**
 * Refuses values that could do harm behind the edge: nesting that would exhaust a stack, keys that reach prototypes,
 * numbers that JSON could not carry further, and text that PostgreSQL cannot store (NUL, unpaired surrogates). Walks without
 * recursion.
 * @throws Problem `body.too-deep` or `body.forbidden-*` with the path of the value.
 */
export function checkBody(body: unknown): void {
  const pending: { readonly value: unknown; readonly path: string; readonly depth: number }[] = [
    { value: body, path: '', depth: 0 },
  ];
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    const { value, path, depth } = entry;
    if (typeof value === 'string') checkText(value, path);
    if (typeof value === 'number') checkNumber(value, path);
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= deepestBody) {
      throw new Problem('body.too-deep', `Nested more than ${deepestBody} levels deep, at ${shorten(path)}`);
    }
    if (Array.isArray(value)) {
      value.forEach((item: unknown, index) =>
        pending.push({ value: item, path: `${path}[${index}]`, depth: depth + 1 }),
      );
      continue;
    }
    for (const [key, item] of Object.entries(value)) {
      checkKey(key, item, path);
      checkText(key, path === '' ? 'a key' : `a key of ${path}`);
      pending.push({ value: item, path: path === '' ? key : `${path}.${key}`, depth: depth + 1 });
    }
  }
}

/** Keys by which a careless copy of the value would change all objects of the process. */
function checkKey(key: string, item: unknown, path: string): void {
  const reachesPrototype =
    key === '__proto__' ||
    (key === 'constructor' && typeof item === 'object' && item !== null && Object.hasOwn(item, 'prototype'));
  if (!reachesPrototype) return;
  throw new Problem('body.forbidden-key', `${shorten(path) || 'The body'} holds the key ${key}`);
}

/** @throws Problem `body.forbidden-text` */
export function checkText(text: string, where: string): void {
  if (text.includes('\0')) {
    throw new Problem('body.forbidden-text', `${shorten(where) || 'The body'} holds a NUL character`);
  }
  // A pattern with the flag `u` reads surrogate pairs as one character, so this finds only unpaired ones.
  if (/\p{Surrogate}/u.test(text)) {
    throw new Problem('body.forbidden-text', `${shorten(where) || 'The body'} holds an unpaired surrogate`);
  }
}

function checkNumber(value: number, path: string): void {
  if (Number.isFinite(value)) return;
  throw new Problem('body.forbidden-number', `${shorten(path) || 'The body'} is a number beyond 1.8e308`);
}

const shorten = (path: string) => (path.length > 200 ? `${path.slice(0, 200)}…` : path);
