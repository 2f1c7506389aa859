// When the view may change by itself. Invariant: between two consecutive deadlines, without input, the view is
// constant (semantics.md section 4, law 4). A deadline may turn out to change nothing; it never comes too late.
import { findDevice, type DeviceActivity } from './activity-register.js';
import { findPut, spanMs } from './command-register.js';
import type { Timer } from './change.js';
import { deviceActiveMs, lastProActiveMs, type Registers } from './evaluate.js';
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

const BY_WEIGHT: readonly Timer[] = ['lease', 'grace', 'put', 'idle', 'active'];

/** Which timer made a change at `atMs`; of several at one instant the one that takes most away. */
export function timerAt(registers: Registers, atMs: number, policy: Policy): Timer {
  let heaviest = BY_WEIGHT.length - 1;
  forEachDeadline(registers, policy, (deadlineMs, timer) => {
    if (deadlineMs === atMs) heaviest = Math.min(heaviest, BY_WEIGHT.indexOf(timer));
  });
  return BY_WEIGHT[heaviest]!;
}

type Visit = (atMs: number, timer: Timer) => void;

function forEachDeadline(registers: Registers, policy: Policy, visit: Visit): void {
  const { activity, commands } = registers;
  visit(lastProActiveMs(registers) + policy.activeForMs, 'active');
  for (const device of activity.devices) visitDevice(registers, device, policy, visit);
  for (const put of commands.puts) {
    visit(put.atMs + spanMs(put, policy), 'put');
    if (findDevice(activity, put.deviceId) === undefined) {
      visit(deviceActiveMs(activity, undefined, put) + policy.idleAfterMs, 'idle');
    }
  }
}

function visitDevice({ activity, commands }: Registers, device: DeviceActivity, policy: Policy, visit: Visit): void {
  for (const session of device.sessions) visit(session.liveUntilMs, session.open ? 'lease' : 'grace');
  const put = findPut(commands, device.deviceId);
  visit(deviceActiveMs(activity, device, put) + policy.idleAfterMs, 'idle');
}
