// A place in a delivery partition: before entry `entry` of the frame at `offset`. Invariant: the order of places is the
// order in which every gateway applies entries, so a place named by one gateway is understood by all.

export interface Position {
  readonly offset: number;
  readonly entry: number;
}

/** Negative: a lies before b. */
export function comparePositions(a: Position, b: Position): number {
  return a.offset - b.offset || a.entry - b.entry;
}

export function startOf(offset: number): Position {
  return { offset, entry: 0 };
}

export function after(position: Position): Position {
  return { offset: position.offset, entry: position.entry + 1 };
}

/** A user's (life, version): newer means later life, then higher version. */
export interface Stamp {
  readonly life: number;
  readonly version: number;
}

export const NEVER: Stamp = { life: 0, version: 0 };

export function compareStamps(a: Stamp, b: Stamp): number {
  return a.life - b.life || a.version - b.version;
}
