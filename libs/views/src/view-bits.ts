// A view in four bits, beside its message and its time of activity, for whoever holds many in columns.
import type { View } from '#libs/presence';
import { viewFrom } from './found-view.js';
import { PRESENCES } from './state-rows.js';

/** Stands for a presence where there is no view. */
export const ABSENT = 4;
const ACTIVE = 8;
/** Of the bits, those that hold an index of PRESENCES, or ABSENT. */
export const PRESENCE_BITS = 7;
export const VIEW_BITS = 4;

export function bitsOfView(view: View | undefined): number {
  if (view === undefined) return ABSENT;
  return PRESENCES.indexOf(view.presence) | (view.currentlyActive ? ACTIVE : 0);
}

/** Higher bits are not looked at. `lastActiveAtMs`: NaN = absent. */
export function viewOfBits(bits: number, statusMsg: string | undefined, lastActiveAtMs: number): View | undefined {
  const presence = PRESENCES[bits & PRESENCE_BITS];
  return presence === undefined ? undefined : viewFrom(presence, (bits & ACTIVE) !== 0, statusMsg, lastActiveAtMs);
}
