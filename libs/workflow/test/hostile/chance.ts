/** Numbers from a seed: the same seed gives the same cases everywhere. */
export class Chance {
  private state: number;

  constructor(seed: number) {
    this.state = (seed * 2_654_435_761 + 1) >>> 0;
  }

  /** A whole number from 0 up to and without `below`. */
  below(below: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % below;
  }

  of<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('There is nothing to choose from');
    return item;
  }
}

/** The text with some of its parts cut out, doubled, moved, or replaced by a piece that means something to its reader. */
export function mangled(text: string, pieces: readonly string[], chance: Chance): string {
  let result = text;
  for (let turn = chance.below(4); turn >= 0; turn--) {
    const at = chance.below(result.length + 1);
    const part = result.slice(at, at + chance.below(40));
    const rest = result.slice(at + part.length);
    const piece = chance.of([chance.of(pieces), part + part, '', chance.of(pieces).repeat(chance.below(30))]);
    result = result.slice(0, at) + piece + (chance.below(3) === 0 ? part : '') + rest;
  }
  return result;
}
