// `device.connected` of a user at rest, in place, where it renews a session as it stands: every connected device does that all the
// time. Invariant: the block holds afterwards what it would hold had the user been unpacked, taken the input and been packed again
// (a law); what cannot be done so is left to that way.
import type { Claim, InputPosition } from './inputs.js';
import { applied, isPlainNext, type Place } from './packed-activity.js';
import { packedDeadline } from './packed-deadline.js';
import { CLAIMS, DEADLINE, EVALUATED, OPEN_BIT } from './packed-layout.js';
import { NO_ROW, RowCursor, type IdFound } from './packed-rows.js';
import type { Policy } from './policy.js';

export interface RenewalPart {
  readonly device: IdFound;
  readonly session: IdFound;
  readonly claim: Claim;
  readonly leaseMs: number;
}

/** Nothing was done. */
export const NOT_RENEWED = Number.NaN;

const rows = new RowCursor();

/**
 * As `takeActivity` on a user of whom no deadline has come and whose device has that session open, under the same claim, and
 * none that is over: it moves only when the session ends, so nothing that is shown. Returns the user's next deadline.
 */
export function renewPacked(
  { page, cell }: Place,
  { device, session, claim, leaseMs }: RenewalPart,
  { tMs, offset }: InputPosition,
  policy: Policy,
): number {
  const { cells } = page;
  if (!isPlainNext(cells, cell, tMs, offset) || !rows.toDevice(page, cell, device)) return NOT_RENEWED;
  let own = NO_ROW;
  for (let left = rows.code; left > 0; left -= 1) {
    rows.next();
    if (tMs >= cells[rows.row + 2]!) return NOT_RENEWED;
    if (rows.isOf(session)) own = rows.code === (CLAIMS.indexOf(claim) | OPEN_BIT) ? rows.row : NO_ROW;
  }
  if (own === NO_ROW) return NOT_RENEWED;
  cells[own + 1] = tMs;
  cells[own + 2] = tMs + Math.min(leaseMs, policy.maxLeaseMs);
  applied(cells, cell, tMs, offset);
  cells[cell + EVALUATED] = tMs;
  return (cells[cell + DEADLINE] = packedDeadline(page, cell, policy));
}
