// The next deadline of a user at rest, out of the block. Invariant: it is what `nextDeadline` says of the aggregate (a law). It
// stands apart because a take-over asks it of every user, and every renewal of a session of one.
import type { Page } from './block-pages.js';
import { NEVER } from './activity-register.js';
import { NO_DEADLINE } from './deadline.js';
import { ANY_DEVICE_ACTIVE, DEVICES, EVALUATED, LAST_ACTIVE, PUT_ACTIVE } from './packed-layout.js';
import { RowCursor, putsOf } from './packed-rows.js';
import type { Policy } from './policy.js';
import { RANK_BUSY } from './view.js';

const devices = new RowCursor();
const puts = new RowCursor();

/** The first deadline later than the last evaluation; NO_DEADLINE = there is none. */
export function packedDeadline(page: Page, cell: number, policy: Policy): number {
  const { cells } = page;
  const afterMs = cells[cell + EVALUATED]!;
  const putCount = putsOf(page, cell);
  const lastActiveMs = Math.max(cells[cell + LAST_ACTIVE]!, cells[cell + PUT_ACTIVE]!);
  let next = sooner(NO_DEADLINE, lastActiveMs + policy.activeForMs, afterMs);
  devices.first(page, cell);
  for (let left = page.ints[cell * 2 + DEVICES]!; left > 0; left -= 1) {
    const activeMs = Math.max(cells[devices.row + 1]!, putCount > 0 ? putActiveMs(page, cell, putCount) : NEVER);
    next = sooner(next, Math.max(cells[cell + ANY_DEVICE_ACTIVE]!, activeMs) + policy.idleAfterMs, afterMs);
    for (let sessions = devices.code; sessions > 0; sessions -= 1) {
      devices.next();
      next = sooner(next, cells[devices.row + 2]!, afterMs);
    }
    devices.next();
  }
  return putCount > 0 ? deadlineOfPuts(page, cell, next, policy) : next;
}

/** When the PUT of the device that `devices` stands at was pro-active; NEVER = there is none. */
function putActiveMs(page: Page, cell: number, putCount: number): number {
  puts.toPuts(page, cell);
  for (let left = putCount; left > 0; left -= 1) {
    if (puts.isOf(devices)) return page.cells[puts.row + 1]!;
    puts.next();
  }
  return NEVER;
}

/** Of their spans, and of the idleness of those without a device. */
function deadlineOfPuts(page: Page, cell: number, nextMs: number, policy: Policy): number {
  const { cells } = page;
  const afterMs = cells[cell + EVALUATED]!;
  let next = nextMs;
  puts.toPuts(page, cell);
  for (let left = putsOf(page, cell); left > 0; left -= 1) {
    const spanMs = puts.code === RANK_BUSY ? policy.busyOfflineAfterMs : policy.offlineAfterMs;
    next = sooner(next, cells[puts.row]! + spanMs, afterMs);
    if (!devices.toDevice(page, cell, puts)) {
      const activeMs = Math.max(cells[cell + ANY_DEVICE_ACTIVE]!, cells[puts.row + 1]!);
      next = sooner(next, activeMs + policy.idleAfterMs, afterMs);
    }
    puts.next();
  }
  return next;
}

function sooner(nextMs: number, atMs: number, afterMs: number): number {
  return atMs > afterMs && atMs < nextMs ? atMs : nextMs;
}
