// When the view may change by itself. Invariant: between two consecutive deadlines, without input, the view is
// constant (semantics.md section 4, law 4). A deadline may turn out to change nothing; it never comes too late.
import { findDevice } from './activity-register.js';
import { findPut, spanMs } from './command-register.js';
import type { Timer } from './change.js';
import { deviceActiveMs, deviceRank, lastProActiveMs, type DeviceParts, type Registers } from './evaluate.js';
import type { Policy } from './policy.js';

/** Later than every time: nothing is due. */
export const NO_DEADLINE = Number.POSITIVE_INFINITY;

/** The first deadline later than `afterMs`; NO_DEADLINE = the view stays as it is for ever. */
export function nextDeadline(registers: Registers, afterMs: number, policy: Policy): number {
  let next = NO_DEADLINE;
  const consider = (atMs: number): void => {
    if (atMs > afterMs && atMs < next) next = atMs;
  };
  forEachDeadline(registers, policy, consider);
  return next;
}

const BY_WEIGHT: readonly Timer[] = ['lease', 'grace', 'put', 'idle'];

/**
 * Which timer made the change at `atMs`: with presence unchanged it is `active`; otherwise a deadline of a device that
 * counts as something else from then on, and of several at one instant the one that takes most away.
 */
export function timerAt(registers: Registers, atMs: number, presenceChanged: boolean, policy: Policy): Timer {
  if (!presenceChanged) return 'active';
  let heaviest = BY_WEIGHT.length - 1;
  for (const parts of devicesOf(registers)) {
    // Times are whole milliseconds and the view is constant between deadlines: half of one before is just before.
    if (deviceRank(registers.activity, parts, atMs, policy) === deviceRank(registers.activity, parts, atMs - 0.5, policy)) continue;
    visitDevice(registers, parts, policy, (deadlineMs, timer) => {
      if (deadlineMs === atMs) heaviest = Math.min(heaviest, BY_WEIGHT.indexOf(timer));
    });
  }
  return BY_WEIGHT[heaviest]!;
}

function* devicesOf({ activity, commands }: Registers): Generator<DeviceParts> {
  for (const device of activity.devices) yield { device, put: findPut(commands, device.deviceId) };
  for (const put of commands.puts) if (findDevice(activity, put.deviceId) === undefined) yield { device: undefined, put };
}

type Visit = (atMs: number, timer: Timer) => void;

function forEachDeadline(registers: Registers, policy: Policy, visit: Visit): void {
  const { activity, commands } = registers;
  visit(lastProActiveMs(registers) + policy.activeForMs, 'active');
  for (const device of activity.devices) visitDevice(registers, { device, put: findPut(commands, device.deviceId) }, policy, visit);
  for (const put of commands.puts) {
    if (findDevice(activity, put.deviceId) === undefined) visitDevice(registers, { device: undefined, put }, policy, visit);
  }
}

function visitDevice({ activity }: Registers, { device, put }: DeviceParts, policy: Policy, visit: Visit): void {
  if (device !== undefined) for (const session of device.sessions) visit(session.liveUntilMs, session.open ? 'lease' : 'grace');
  if (put !== undefined) visit(put.atMs + spanMs(put, policy), 'put');
  visit(deviceActiveMs(activity, device, put) + policy.idleAfterMs, 'idle');
}
