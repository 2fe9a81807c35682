/** An event does not fit the state that it is folded into: the stream is damaged, or was written by a newer Braid. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError';
}
