/**
 * The members of a set that only grows, each once and in the order of insertion. An iterator of a set sees what is added
 * while it stands, as long as it has not come to the end; so it is never asked for more than there is.
 */
export class Newcomers {
  private readonly members: Iterator<number, undefined>;
  private seen = 0;

  constructor(private readonly set: ReadonlySet<number>) {
    this.members = set.values();
  }

  /** The members that were added since the last call. */
  *next(): Generator<number> {
    while (this.seen < this.set.size) {
      this.seen += 1;
      const { value } = this.members.next();
      if (value !== undefined) yield value;
    }
  }
}
