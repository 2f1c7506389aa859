// The next deadline of a user at rest, out of the block. Invariant: it is what `nextDeadline` says of the aggregate (a law). It
// stands apart because a take-over asks it of every user, and most have no PUT, so that no id needs to be looked at.
import { NO_DEADLINE } from './deadline.js';
import {
  ANY_DEVICE_ACTIVE,
  BITS,
  CODE,
  DEVICES,
  EVALUATED,
  HEAD_CELLS,
  LAST_ACTIVE,
  PUTS_SHIFT,
  PUT_ACTIVE,
  ROW_CELLS,
} from './packed-layout.js';
import type { Page } from './block-pages.js';
import type { Policy } from './policy.js';

/** Whether its PUTs must be matched with its devices, which takes an aggregate. */
export function hasPuts({ ints }: Page, cell: number): boolean {
  return ints[cell * 2 + BITS]! >> PUTS_SHIFT > 0;
}

/** The first deadline later than the last evaluation, of a user without PUTs; NO_DEADLINE = there is none. */
export function packedDeadline({ cells, ints }: Page, cell: number, { activeForMs, idleAfterMs }: Policy): number {
  const afterMs = cells[cell + EVALUATED]!;
  let next = earlier(
    NO_DEADLINE,
    Math.max(cells[cell + LAST_ACTIVE]!, cells[cell + PUT_ACTIVE]!) + activeForMs,
    afterMs,
  );
  let row = cell + HEAD_CELLS;
  for (let left = ints[cell * 2 + DEVICES]!; left > 0; left -= 1) {
    next = earlier(next, Math.max(cells[cell + ANY_DEVICE_ACTIVE]!, cells[row + 1]!) + idleAfterMs, afterMs);
    for (let sessions = ints[row * 2 + CODE]!; sessions > 0; sessions -= 1) {
      row += ROW_CELLS;
      next = earlier(next, cells[row + 2]!, afterMs);
    }
    row += ROW_CELLS;
  }
  return next;
}

function earlier(nextMs: number, atMs: number, afterMs: number): number {
  return atMs > afterMs && atMs < nextMs ? atMs : nextMs;
}
