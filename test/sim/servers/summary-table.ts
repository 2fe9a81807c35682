/** A row of the table of summaries, as the projection writes it. */
type Row = { readonly workflow: string; readonly version: number };

/** The table behind the list of workflows, with the two statements of its projection. */
export class SummaryTable {
  readonly rows = new Map<string, string>();

  async query<Answer>(statement: { readonly name: string }, values: readonly unknown[] = []): Promise<Answer[]> {
    const answer = this.#answer(statement.name, values);
    return JSON.parse(JSON.stringify(answer)) as Answer[];
  }

  #answer(name: string, values: readonly unknown[]): readonly unknown[] {
    switch (name) {
      case 'braid.load-summaries':
        return (values[0] as readonly string[]).flatMap((workflow) => {
          const row = this.rows.get(workflow);
          return row === undefined ? [] : [JSON.parse(row) as unknown];
        });
      case 'braid.save-summaries':
        return this.#save(
          JSON.parse(values[0] as string) as readonly Row[],
          JSON.parse(values[1] as string) as Readonly<Record<string, number>>,
        );
      default:
        throw new Error(`The simulated database knows no statement ${name}`);
    }
  }

  /** An update counts only on top of the version that it was computed from. */
  #save(rows: readonly Row[], seen: Readonly<Record<string, number>>): readonly { readonly workflow: string }[] {
    const saved = rows.filter((row) => {
      const stored = this.rows.get(row.workflow);
      return stored === undefined || (JSON.parse(stored) as Row).version === seen[row.workflow];
    });
    for (const row of saved) this.rows.set(row.workflow, JSON.stringify(row));
    return saved.map(({ workflow }) => ({ workflow }));
  }
}
