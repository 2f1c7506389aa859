// The stretches of a partition's history that can be re-folded: from a whole snapshot to where re-folding from it leads no further.
// Invariant: within a stretch one policy was in force and no input was lost; between two stretches there may be a gap, which is named.
import type { OrderPoint } from '#libs/contracts';
import type { FoundSnapshot } from './snapshot-index.js';

export interface Stretch {
  readonly start: FoundSnapshot;
  /** The snapshot at which history begins anew; absent = the stretch goes on to where the aggregator has come. */
  readonly end?: FoundSnapshot;
}

/** The first offset still held of each input. */
export type InputStarts = OrderPoint;

/**
 * From the newest whole snapshot at or before `fromMs` on, or, without that time, the oldest whose inputs are still there.
 * Empty = there is none.
 */
export function stretchesOf(
  snapshots: readonly FoundSnapshot[],
  starts: InputStarts,
  fromMs = -Infinity,
): readonly Stretch[] {
  const isUsable = (found: FoundSnapshot): boolean =>
    found.endOffset !== undefined && found.begin.inputs.every(({ nextOffset }, input) => nextOffset >= starts[input]!);
  const first = snapshots.findIndex(isUsable);
  if (first < 0) return [];
  const later = snapshots.findLastIndex((found) => isUsable(found) && found.begin.atMs <= fromMs);
  const from = Math.max(first, later);
  const stretches: Stretch[] = [];
  let start: FoundSnapshot | undefined = snapshots[from];
  for (const found of snapshots.slice(from + 1)) {
    if (start !== undefined && found.begin.reason !== 'due') {
      stretches.push({ start, end: found });
      start = undefined;
    }
    // After one that began anew and was cut off, history goes on from the next whole one, whatever its reason.
    if (start === undefined && isUsable(found)) start = found;
  }
  return start === undefined ? stretches : [...stretches, { start }];
}
