/** Keeps what was compiled from a text. The oldest entry goes when it is full: a playbook's texts come and go together. */
export class SourceCache<T> {
  readonly #entries = new Map<string, T>();

  constructor(private readonly capacity = 5_000) {}

  /** The entry for the text; one that could not be made is tried again the next time. */
  get(source: string, make: () => T): T {
    const known = this.#entries.get(source);
    if (known !== undefined) return known;
    const made = make();
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= this.capacity && oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(source, made);
    return made;
  }
}
