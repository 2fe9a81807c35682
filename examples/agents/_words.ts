/** The sentences of a text, in order. */
export function sentencesIn(text: string): readonly string[] {
  return text.split(/(?<=[.!?])\s+|\n\s*\n/).flatMap((part) => part.trim().replaceAll(/\s+/g, ' ') || []);
}

/** The words of a text that carry meaning, in lower case: those of more than three letters. */
export function wordsIn(text: string): readonly string[] {
  return text.toLowerCase().match(/\p{L}{4,}/gu) ?? [];
}

/** How often each word stands in a text. */
export function countsOf(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of wordsIn(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
