// Which pieces of a partition an export consists of. Invariant: pieces end at multiples of their size, so the same range is cut in
// the same places on every machine and every day; together they cover the range once, without gap or overlap.

/** Offsets, the last exclusive. */
export interface Piece {
  readonly from: number;
  readonly to: number;
}

export interface PieceOptions<P extends Piece> {
  /** What the log holds now. */
  readonly start: number;
  readonly end: number;
  readonly size: number;
  /** Written before, in order. */
  readonly written: readonly P[];
}

export interface Pieces<P extends Piece> {
  /** As they are: they will not grow any more, or the log does not hold their beginning any more. */
  readonly kept: readonly P[];
  readonly missing: readonly Piece[];
}

export function planPieces<P extends Piece>({ start, end, size, written }: PieceOptions<P>): Pieces<P> {
  const kept: P[] = [];
  for (const piece of written) {
    const isFinal = piece.to % size === 0 || piece.to === end || piece.from < start;
    if (!isFinal || piece.to > end) break;
    kept.push(piece);
  }
  const missing: Piece[] = [];
  let from = Math.max(start, kept.at(-1)?.to ?? start);
  while (from < end) {
    const to = Math.min(end, (Math.floor(from / size) + 1) * size);
    missing.push({ from, to });
    from = to;
  }
  return { kept, missing };
}
