// What both registers together show at a time: a pure function of registers, time and policy (semantics.md
// sections 5 and 6). Invariant: it reads and never writes, so that a record of the other topic that is read later
// finds the registers as they were.
import { NEVER, claimingSession, findDevice, hasLiveSession, saysOnline, type ActivityRegister, type DeviceActivity } from './activity-register.js';
import { findPut, spanMs, type CommandRegister, type Put } from './command-register.js';
import type { Policy } from './policy.js';
import { RANK_BUSY, RANK_OFFLINE, RANK_ONLINE, RANK_UNAVAILABLE, rankOf, type Rank } from './view.js';

/** Both registers of one user. */
export interface Registers {
  readonly activity: ActivityRegister;
  readonly commands: CommandRegister;
}

/** Presence and `currently_active` in one small integer, so that comparing two views costs one comparison. */
export type Showing = number;

export const SHOWS_NOTHING: Showing = RANK_OFFLINE << 1;

export function rankShown(showing: Showing): Rank {
  return (showing >> 1) as Rank;
}

export function activeShown(showing: Showing): boolean {
  return (showing & 1) === 1;
}

/** What others see at `nowMs`; the status message is the command register's. */
export function evaluate(registers: Registers, nowMs: number, policy: Policy): Showing {
  const { override } = registers.commands;
  const rank = override === undefined ? highestDevice(registers, nowMs, policy) : rankOf(override);
  const active = rank >= RANK_ONLINE && nowMs < lastProActiveMs(registers) + policy.activeForMs;
  return (rank << 1) | (active ? 1 : 0);
}

/** The user's latest pro-active event, whatever the device; NEVER = there was none. */
export function lastProActiveMs({ activity, commands }: Registers): number {
  return activity.lastActiveAtMs > commands.lastActiveAtMs ? activity.lastActiveAtMs : commands.lastActiveAtMs;
}

/** The time of the latest pro-active event or, while there was none, of the user's first input. */
export function lastActiveMs(registers: Registers): number {
  const proActiveMs = lastProActiveMs(registers);
  if (proActiveMs !== NEVER) return proActiveMs;
  const { activity, commands } = registers;
  if (Number.isNaN(activity.firstAtMs)) return commands.firstAtMs;
  return commands.firstAtMs < activity.firstAtMs ? commands.firstAtMs : activity.firstAtMs;
}

/** A device's latest pro-active event, by its own activity, by the user's without a device, or by its PUT. */
export function deviceActiveMs(activity: ActivityRegister, device: DeviceActivity | undefined, put: Put | undefined): number {
  let atMs = activity.anyDeviceActiveAtMs;
  if (device !== undefined && device.activeAtMs > atMs) atMs = device.activeAtMs;
  if (put !== undefined && put.activeAtMs > atMs) atMs = put.activeAtMs;
  return atMs;
}

function highestDevice({ activity, commands }: Registers, nowMs: number, policy: Policy): Rank {
  const { devices } = activity;
  const { puts } = commands;
  let highest: Rank = RANK_OFFLINE;
  // By index, here and in what is called: each step of an iterator was an object.
  for (let index = 0; index < devices.length; index++) {
    const device = devices[index]!;
    const put = findPut(commands, device.deviceId);
    const rank = deviceRank(activity, { device, put }, nowMs, policy);
    if (rank > highest) highest = rank;
  }
  for (let index = 0; index < puts.length; index++) {
    const put = puts[index]!;
    if (findDevice(activity, put.deviceId) !== undefined) continue;
    const rank = deviceRank(activity, { device: undefined, put }, nowMs, policy);
    if (rank > highest) highest = rank;
  }
  return highest;
}

/** The two halves of one device, one from each register; at least one is there. */
export interface DeviceParts {
  readonly device: DeviceActivity | undefined;
  readonly put: Put | undefined;
}

/** What one device counts as: its standing PUT or its session claim, whichever is later; on equal times the PUT. */
export function deviceRank(activity: ActivityRegister, { device, put }: DeviceParts, nowMs: number, policy: Policy): Rank {
  const session = device === undefined ? undefined : claimingSession(device, nowMs);
  const standing = put !== undefined && stands(put, device, nowMs, policy) ? put : undefined;
  if (standing?.presence === 'busy') return RANK_BUSY;
  const putSpeaks = standing !== undefined && (session === undefined || standing.atMs >= session.claimAtMs);
  if (putSpeaks ? standing.presence === 'offline' : session === undefined) return RANK_OFFLINE;
  const online = putSpeaks ? standing.presence === 'online' : saysOnline(session?.claim);
  if (online && device !== undefined && clientWatches(device, nowMs)) return RANK_ONLINE;
  const activeAtMs = deviceActiveMs(activity, device, put);
  if (nowMs >= activeAtMs + policy.idleAfterMs) return RANK_UNAVAILABLE;
  // An unavailable claim is undone by a pro-active event strictly later than the claim.
  return online || activeAtMs > (putSpeaks ? standing.atMs : session!.claimAtMs) ? RANK_ONLINE : RANK_UNAVAILABLE;
}

/** A live session that says `online` explicitly runs an idle timer of its own: the device is not idled by us. */
function clientWatches(device: DeviceActivity, nowMs: number): boolean {
  const { sessions } = device;
  for (let index = 0; index < sessions.length; index++) {
    const { claim, liveUntilMs } = sessions[index]!;
    if (claim === 'online' && nowMs < liveUntilMs) return true;
  }
  return false;
}

/**
 * A PUT stands during its span, and after it while a session life goes on that began strictly before the span ended;
 * unless the device withdrew its claim by `none` after it (which `busy` ignores).
 */
function stands(put: Put, device: DeviceActivity | undefined, nowMs: number, policy: Policy): boolean {
  const spanEndMs = put.atMs + spanMs(put, policy);
  if (device === undefined) return nowMs < spanEndMs;
  if (put.presence !== 'busy' && put.atMs < device.withdrawnAtMs) return false;
  return nowMs < spanEndMs || (device.liveSinceMs < spanEndMs && hasLiveSession(device, nowMs));
}
