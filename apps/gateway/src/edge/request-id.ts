import { v7 as uuidv7 } from 'uuid';

/** The caller's own id when it is a harmless one, so that logs of both sides can be joined; else a new one. */
export function requestIdFrom(given: unknown): string {
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : uuidv7();
}
