// `device.active` of a user at rest, in place: the most frequent input of all needs no aggregate. Invariant: the block holds
// afterwards what it would hold had the user been unpacked, taken the input and been packed again (a law); what cannot be
// done so is left to that way.
import type { Page } from './block-pages.js';
import { SHOWS_NOTHING, activeShown } from './evaluate.js';
import {
  ACTIVITY_OFFSET,
  ANY_DEVICE_ACTIVE,
  BITS,
  DEADLINE,
  EVALUATED,
  FIRST,
  FORGOTTEN,
  LAST_ACTIVE,
  REACHED,
  SHOWN_MASK,
} from './packed-layout.js';
import { RowCursor, type IdFound } from './packed-rows.js';
import type { InputPosition } from './inputs.js';
import { cutAgo } from './apply-activity.js';
import type { Policy } from './policy.js';
import type { Taken } from './take.js';

export interface ActivePart {
  /** A start of −1 = the user, device unknown. */
  readonly device: IdFound;
  readonly agoMs: number;
}

export interface Place {
  readonly page: Page;
  readonly cell: number;
}

const rows = new RowCursor();

/** What activity in place found shown and left so. */
export type Bumped = 'active' | 'offline';

/**
 * As `takeActivity` on a user who is shown active or offline and of whom no deadline has come (`changesNothing` in take.ts
 * says why nothing needs to be evaluated then); undefined = it is not such a case, and nothing was done.
 */
export function bumpPacked(
  { page, cell }: Place,
  device: IdFound,
  { tMs, offset }: InputPosition,
): Bumped | undefined {
  const { cells, ints } = page;
  if (!isPlainNext(cells, cell, tMs, offset)) return undefined;
  const shown = ints[cell * 2 + BITS]! & SHOWN_MASK;
  const isActive = activeShown(shown);
  if (!isActive && shown !== SHOWS_NOTHING) return undefined;
  if (!noteActive(page, cell, device, tMs)) return undefined;
  applied(cells, cell, tMs, offset);
  cells[cell + EVALUATED] = tMs;
  return isActive ? 'active' : 'offline';
}

/** As `absorbActivity`; undefined = the device is not known yet, and nothing was done. */
export function absorbPacked(
  { page, cell }: Place,
  { device, agoMs }: ActivePart,
  { tMs, offset }: InputPosition,
  policy: Policy,
): Taken | undefined {
  const { cells } = page;
  if (offset <= cells[cell + ACTIVITY_OFFSET]!) return 'duplicate';
  if (tMs <= cells[cell + FORGOTTEN]!) {
    cells[cell + ACTIVITY_OFFSET] = offset;
    return 'ignored';
  }
  if (!noteActive(page, cell, device, tMs - cutAgo(agoMs, policy))) return undefined;
  applied(cells, cell, tMs, offset);
  if (tMs > cells[cell + EVALUATED]!) cells[cell + EVALUATED] = tMs;
  return 'taken';
}

/** Neither taken before nor from before a forget, in the order of time, and no deadline has come. */
export function isPlainNext(cells: Float64Array, cell: number, tMs: number, offset: number): boolean {
  if (offset <= cells[cell + ACTIVITY_OFFSET]! || tMs <= cells[cell + FORGOTTEN]!) return false;
  return cells[cell + DEADLINE]! > tMs && tMs >= cells[cell + EVALUATED]!;
}

/** The register holds what came at that offset. */
export function applied(cells: Float64Array, cell: number, tMs: number, offset: number): void {
  cells[cell + ACTIVITY_OFFSET] = offset;
  cells[cell + REACHED] = tMs;
  if (Number.isNaN(cells[cell + FIRST]!)) cells[cell + FIRST] = tMs;
}

/** false = of that device there is no row. */
function noteActive(page: Page, cell: number, device: IdFound, atMs: number): boolean {
  const { cells } = page;
  const isKnown = device.start < 0 || rows.toDevice(page, cell, device);
  if (!isKnown) return false;
  const at = device.start < 0 ? cell + ANY_DEVICE_ACTIVE : rows.row + 1;
  if (atMs > cells[at]!) cells[at] = atMs;
  if (atMs > cells[cell + LAST_ACTIVE]!) cells[cell + LAST_ACTIVE] = atMs;
  return true;
}
