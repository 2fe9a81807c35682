/** How far a reader of the whole feed has come: the last position that it has seen of each partition. */
export type FeedPositions = number[];

const format = 'p1';

/** One token that can stand in headers and addresses: `p1` and the positions in base 36. */
export function writeCursor(positions: FeedPositions): string {
  return [format, ...positions.map((position) => position.toString(36))].join('.');
}

/** The positions of a cursor; undefined when the text is none, or one of another installation. `0` is the beginning. */
export function readCursor(text: string, partitions: number): FeedPositions | undefined {
  if (text === '0') return Array.from({ length: partitions }, () => 0);
  const [head, ...tokens] = text.split('.');
  if (head !== format || tokens.length !== partitions) return undefined;
  if (!tokens.every((token) => /^[0-9a-z]{1,10}$/.test(token))) return undefined;
  return tokens.map((token) => Number.parseInt(token, 36));
}
