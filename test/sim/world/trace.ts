/** What has happened, as text for people and as a number by which two runs are compared. */
export class Trace {
  private hash = 0x811c9dc5;
  private readonly lines: string[] = [];

  /** @param kept how many lines are remembered; `Infinity` to see all. */
  constructor(private readonly kept: number) {}

  add(at: number, who: string, what: string): void {
    const line = `${at.toFixed(3)} ${who} ${what}`;
    let hash = this.hash;
    for (let i = 0; i < line.length; i++) hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193);
    this.hash = hash;
    this.note(line);
  }

  /** For people only: its text may differ from run to run. */
  note(line: string): void {
    this.lines.push(line);
    if (this.lines.length > this.kept * 2) this.lines.splice(0, this.lines.length - this.kept);
  }

  get last(): readonly string[] {
    return this.kept === Infinity ? this.lines : this.lines.slice(-this.kept);
  }

  get digest(): string {
    return (this.hash >>> 0).toString(16).padStart(8, '0');
  }
}
