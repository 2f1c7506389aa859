// Which rows of a long list are in the document: those that can be seen, and a few beside them. Invariant: their number depends on
// the height that is seen, never on the length of the list.

export interface RowWindow {
  readonly first: number;
  /** One behind the last. */
  readonly end: number;
}

const BESIDE = 4;

export function windowOfRows(scrollTop: number, height: number, rowHeight: number, count: number): RowWindow {
  const first = Math.max(0, Math.min(count, Math.floor(scrollTop / rowHeight) - BESIDE));
  const seen = Math.ceil(height / rowHeight) + 2 * BESIDE;
  return { first, end: Math.min(count, first + seen) };
}
