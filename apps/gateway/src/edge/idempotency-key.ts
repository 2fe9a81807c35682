import { parameterProblem } from '../problems/parameter-problem';

/**
 * A key by which a repeated request is known. `name` is what the edge calls it.
 * @throws Problem `request.invalid` for a key that cannot be used.
 */
export function requireIdempotencyKey(key: unknown, name: string): string {
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw parameterProblem(name, 'must have 1 to 255 printable ASCII characters without spaces');
}
