// When the view may change by itself. Invariant: between two consecutive deadlines, without input, the view is
// constant (semantics.md section 4, law 4). A deadline may turn out to change nothing; it never comes too late.
import { findDevice, type ActivityRegister, type DeviceActivity } from './activity-register.js';
import { findPut, spanMs, type Put } from './command-register.js';
import type { Timer } from './change.js';
import { deviceActiveMs, deviceRank, lastProActiveMs, type DeviceParts, type Registers } from './evaluate.js';
import type { Policy } from './policy.js';
import { RANK_OFFLINE, type Rank } from './view.js';

/** Later than every time: nothing is due. */
export const NO_DEADLINE = Number.POSITIVE_INFINITY;

/** The first deadline later than `afterMs`; NO_DEADLINE = the view stays as it is for ever. */
export function nextDeadline(registers: Registers, afterMs: number, policy: Policy): number {
  const { activity, commands } = registers;
  const { devices } = activity;
  const { puts } = commands;
  const after = { afterMs, policy };
  let next = sooner(NO_DEADLINE, lastProActiveMs(registers) + policy.activeForMs, afterMs);
  for (let index = 0; index < devices.length; index++) {
    const device = devices[index]!;
    next = sooner(next, deviceDeadline(activity, device, findPut(commands, device.deviceId), after), afterMs);
  }
  for (let index = 0; index < puts.length; index++) {
    const put = puts[index]!;
    if (findDevice(activity, put.deviceId) === undefined)
      next = sooner(next, deviceDeadline(activity, undefined, put, after), afterMs);
  }
  return next;
}

/** Of every evaluation: no closure and no iterator, each of whose steps would be an object. */
function deviceDeadline(
  activity: ActivityRegister,
  device: DeviceActivity | undefined,
  put: Put | undefined,
  { afterMs, policy }: { readonly afterMs: number; readonly policy: Policy },
): number {
  let next = sooner(NO_DEADLINE, deviceActiveMs(activity, device, put) + policy.idleAfterMs, afterMs);
  if (put !== undefined) next = sooner(next, put.atMs + spanMs(put, policy), afterMs);
  if (device === undefined) return next;
  const { sessions } = device;
  for (let index = 0; index < sessions.length; index++) next = sooner(next, sessions[index]!.liveUntilMs, afterMs);
  return next;
}

function sooner(nextMs: number, atMs: number, afterMs: number): number {
  return atMs > afterMs && atMs < nextMs ? atMs : nextMs;
}

/** From the one that takes most away to the one that takes least. */
const BY_WEIGHT: readonly Timer[] = ['lease', 'grace', 'put', 'idle'];

/**
 * Which timer made the change at `atMs`: with presence unchanged it is `active`; otherwise, where several meet in one
 * instant, the one that takes most away of those that have a part in it. A span that ends under a PUT that stands on has none.
 */
export function timerAt(registers: Registers, atMs: number, presenceChanged: boolean, policy: Policy): Timer {
  if (!presenceChanged) return 'active';
  const due = dueAt(registers, atMs, policy);
  if (due.length === 1) return due[0]!;
  const showsWithout = (held: readonly Timer[]): Rank => rankHolding(registers, held, atMs, policy);
  const [before, after] = [showsWithout(due), showsWithout([])];
  const hasPart = (timer: Timer): boolean =>
    showsWithout([timer]) !== after || showsWithout(due.filter((each) => each !== timer)) !== before;
  return due.find(hasPart) ?? due[0]!;
}

function dueAt(registers: Registers, atMs: number, policy: Policy): readonly Timer[] {
  const due = new Set<Timer>();
  for (const parts of devicesOf(registers)) {
    visitDevice(registers, parts, policy, (deadlineMs, timer) => {
      if (deadlineMs === atMs) due.add(timer);
    });
  }
  return BY_WEIGHT.filter((timer) => due.has(timer));
}

/** What the devices would show at `atMs` if the deadlines of some kinds that fall on it came a millisecond later. */
function rankHolding(registers: Registers, held: readonly Timer[], atMs: number, policy: Policy): Rank {
  let highest: Rank = RANK_OFFLINE;
  const later = (timer: Timer): number => (held.includes(timer) ? 1 : 0);
  for (const { device, put } of devicesOf(registers)) {
    const sessions = device?.sessions.map((session) => {
      const ends = session.liveUntilMs === atMs ? later(session.open ? 'lease' : 'grace') : 0;
      return { ...session, liveUntilMs: session.liveUntilMs + ends };
    });
    const spanEnds = put !== undefined && put.atMs + spanMs(put, policy) === atMs ? later('put') : 0;
    const rank = deviceRank(registers.activity, { device: device && { ...device, sessions: sessions! }, put }, atMs, {
      ...policy,
      idleAfterMs: policy.idleAfterMs + later('idle'),
      offlineAfterMs: policy.offlineAfterMs + spanEnds,
      busyOfflineAfterMs: policy.busyOfflineAfterMs + spanEnds,
    });
    if (rank > highest) highest = rank;
  }
  return highest;
}

function* devicesOf({ activity, commands }: Registers): Generator<DeviceParts> {
  for (const device of activity.devices) yield { device, put: findPut(commands, device.deviceId) };
  for (const put of commands.puts)
    if (findDevice(activity, put.deviceId) === undefined) yield { device: undefined, put };
}

type Visit = (atMs: number, timer: Timer) => void;

function visitDevice({ activity }: Registers, { device, put }: DeviceParts, policy: Policy, visit: Visit): void {
  if (device !== undefined)
    for (const session of device.sessions) visit(session.liveUntilMs, session.open ? 'lease' : 'grace');
  if (put !== undefined) visit(put.atMs + spanMs(put, policy), 'put');
  visit(deviceActiveMs(activity, device, put) + policy.idleAfterMs, 'idle');
}
