// `device.active` of a user at rest, in place: the most frequent input of all needs no aggregate. Invariant: the block holds
// afterwards what it would hold had the user been unpacked, taken the input and been packed again (a law); what cannot be
// done so is left to that way.
import type { Page } from './block-pages.js';
import { SHOWS_NOTHING, activeShown } from './evaluate.js';
import {
  ACTIVITY_OFFSET,
  ANY_DEVICE_ACTIVE,
  BITS,
  CODE,
  DEADLINE,
  DEVICES,
  EVALUATED,
  FIRST,
  FORGOTTEN,
  HEAD_CELLS,
  ID_BYTES,
  LAST_ACTIVE,
  REACHED,
  ROWS,
  ROW_CELLS,
  SHOWN_MASK,
} from './packed-layout.js';
import type { InputPosition } from './inputs.js';
import { cutAgo } from './apply-activity.js';
import type { Policy } from './policy.js';
import type { Taken } from './take.js';

/** Where the id of the device that was active lies; a start of −1 = the user, device unknown. */
export interface ActiveFound {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export interface ActivePart {
  readonly device: ActiveFound;
  readonly agoMs: number;
}

export interface Place {
  readonly page: Page;
  readonly cell: number;
}

const NO_ROW = -1;

/** What activity in place found shown and left so. */
export type Bumped = 'active' | 'offline';

/**
 * As `takeActivity` on a user who is shown active or offline and of whom no deadline has come (`changesNothing` in take.ts
 * says why nothing needs to be evaluated then); undefined = it is not such a case, and nothing was done.
 */
export function bumpPacked(
  { page, cell }: Place,
  device: ActiveFound,
  { tMs, offset }: InputPosition,
): Bumped | undefined {
  const { cells, ints } = page;
  if (offset <= cells[cell + ACTIVITY_OFFSET]! || tMs <= cells[cell + FORGOTTEN]!) return undefined;
  if (cells[cell + DEADLINE]! <= tMs || tMs < cells[cell + EVALUATED]!) return undefined;
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

function applied(cells: Float64Array, cell: number, tMs: number, offset: number): void {
  cells[cell + ACTIVITY_OFFSET] = offset;
  cells[cell + REACHED] = tMs;
  if (Number.isNaN(cells[cell + FIRST]!)) cells[cell + FIRST] = tMs;
}

/** false = of that device there is no row. */
function noteActive(page: Page, cell: number, device: ActiveFound, atMs: number): boolean {
  const { cells } = page;
  const at = device.start < 0 ? cell + ANY_DEVICE_ACTIVE : deviceRow(page, cell, device) + 1;
  if (at === NO_ROW + 1) return false;
  if (atMs > cells[at]!) cells[at] = atMs;
  if (atMs > cells[cell + LAST_ACTIVE]!) cells[cell + LAST_ACTIVE] = atMs;
  return true;
}

/** The first cell of the device's row. */
function deviceRow({ ints, bytes }: Page, cell: number, device: ActiveFound): number {
  const idBytes = device.end - device.start;
  let row = cell + HEAD_CELLS;
  let text = (row + ints[cell * 2 + ROWS]! * ROW_CELLS) * 8;
  for (let left = ints[cell * 2 + DEVICES]!; left > 0; left -= 1) {
    const length = ints[row * 2 + ID_BYTES]!;
    if (length === idBytes && isAt(bytes, text, device)) return row;
    text += length;
    for (let sessions = ints[row * 2 + CODE]!; sessions > 0; sessions -= 1) {
      row += ROW_CELLS;
      text += ints[row * 2 + ID_BYTES]!;
    }
    row += ROW_CELLS;
  }
  return NO_ROW;
}

function isAt(bytes: Uint8Array, text: number, { bytes: id, start, end }: ActiveFound): boolean {
  for (let index = start; index < end; index += 1) if (bytes[text + index - start] !== id[index]) return false;
  return true;
}
