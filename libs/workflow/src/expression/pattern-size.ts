/** What a class of Unicode costs, in instructions: hundreds of ranges are made, folded and merged for it. */
const ofUnicodeClass = 250;

const token = /(?<unicode>\\[pP](?:\{[^}]*\}|.))|\\.|\{(?<least>\d+)(?<open>,(?<most>\d+)?)?\}|(?<bracket>[()])|./gsu;

/**
 * How many instructions a pattern of RE2 syntax compiles to, estimated from its text and rather too high: its repetitions are
 * written out, so that a short pattern can keep the compiler busy for seconds.
 */
export function patternSize(pattern: string): number {
  /** The sizes of the open groups, the innermost last. */
  const groups: number[] = [2];
  /** The size of the last item, which is what a repetition repeats. */
  let last = 0;
  const add = (size: number) => {
    groups[groups.length - 1] = (groups.at(-1) ?? 0) + size;
  };
  for (const { groups: found = {} } of pattern.matchAll(token)) {
    const { unicode, least, open, most, bracket } = found;
    if (bracket === '(') {
      groups.push(2);
      last = 0;
    } else if (least !== undefined) {
      const times = Math.max(Number(least) + (open === undefined ? 0 : 1), Number(most ?? 0));
      const more = last * Math.max(times - 1, 0);
      add(more);
      last += more;
    } else {
      const closes = bracket === ')' && groups.length > 1;
      last = closes ? (groups.pop() ?? 0) : unicode === undefined ? 1 : ofUnicodeClass;
      add(last);
    }
  }
  return groups.reduce((sum, size) => sum + size);
}
