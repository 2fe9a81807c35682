import { distance } from 'fastest-levenshtein';

/** The known name that a mistyped one most likely means; undefined when none is near. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(name.length > 3 ? 2 : 1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < least && edits < candidate.length) [best, least] = [candidate, edits];
  }
  return best;
}

/** The end of a message about an unknown name: what it could have been. */
export function hint(suggestion: string | undefined, known: readonly string[]): string {
  if (suggestion !== undefined) return `; did you mean '${suggestion}'?`;
  return known.length === 0 ? '' : `; known are ${known.slice(0, 12).join(', ')}${known.length > 12 ? ', …' : ''}`;
}
