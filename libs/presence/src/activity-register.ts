// The register that is folded from `presence.activity` alone: devices, their sessions, and pro-active events.
// Invariant: it depends only on the records of that topic in their order, and evaluating never changes it
// (semantics.md sections 4 and 5). Liveness is asked at the record's own time, not at the wall's.
import type { Claim, DeviceActive, DeviceConnected, DeviceDisconnected, ActivityInput, InputPosition } from './inputs.js';
import type { Policy } from './policy.js';

/** Earlier than every time. */
export const NEVER = Number.NEGATIVE_INFINITY;

/** One connection or polling loop of a device at one gateway. */
export interface Session {
  readonly sessionId: string;
  claim: Claim;
  /** When the claim changed last; taken over from an equal claim of the device. */
  claimAtMs: number;
  /** The last `device.connected`: the session never ends before it. */
  connectedAtMs: number;
  /** While open the end of the lease, after that the end of the grace. */
  liveUntilMs: number;
  open: boolean;
}

export class DeviceActivity {
  /** May hold sessions that are no longer live; they are dropped as records come by. */
  sessions: Session[] = [];
  /** Since when there has been a live session without a break; means nothing while none is live. */
  liveSinceMs = NEVER;
  /** The device's latest pro-active event. */
  activeAtMs = NEVER;
  /** When it last withdrew its session claim by `none`: earlier PUTs, except `busy`, fell then. */
  withdrawnAtMs = NEVER;

  constructor(readonly deviceId: string) {}
}

export class ActivityRegister {
  devices: DeviceActivity[] = [];
  /** The latest pro-active event without a device: it counts for every device. */
  anyDeviceActiveAtMs = NEVER;
  /** The latest pro-active event of all. */
  lastActiveAtMs = NEVER;
  /** The first record of this life; NaN = none yet. */
  firstAtMs = Number.NaN;
  /** The time of the last record applied. */
  reachedMs = NEVER;
  appliedOffset = -1;
}

/** Applies one record at its settled time; an offset that was applied already must not come here. */
export function applyActivity(register: ActivityRegister, input: ActivityInput, at: InputPosition, policy: Policy): void {
  register.appliedOffset = at.offset;
  register.reachedMs = at.tMs;
  if (Number.isNaN(register.firstAtMs)) register.firstAtMs = at.tMs;
  switch (input.type) {
    case 'device.connected':
      return connect(register, input, at.tMs, policy);
    case 'device.disconnected':
      return disconnect(register, input, at.tMs, policy);
    case 'device.active':
      return markActive(register, input, at.tMs, policy);
  }
}

export function findDevice(register: ActivityRegister, deviceId: string): DeviceActivity | undefined {
  for (const device of register.devices) if (device.deviceId === deviceId) return device;
  return undefined;
}

/** Whether a session of the device is live at `nowMs` (a deadline is reached when `now ≥ deadline`). */
export function hasLiveSession(device: DeviceActivity, nowMs: number): boolean {
  for (const session of device.sessions) if (nowMs < session.liveUntilMs) return true;
  return false;
}

/**
 * The session whose claim is the device's session claim at `nowMs`: of the live ones that do not claim `none` the one
 * whose claim changed last, on equal times the higher claim; undefined = no session claim.
 */
export function claimingSession(device: DeviceActivity, nowMs: number): Session | undefined {
  let best: Session | undefined;
  for (const session of device.sessions) {
    if (session.claim === 'none' || nowMs >= session.liveUntilMs) continue;
    if (best === undefined || session.claimAtMs > best.claimAtMs) best = session;
    else if (session.claimAtMs === best.claimAtMs && best.claim === 'unavailable') best = session;
  }
  return best;
}

/** `auto` and `online` are the same claim; they differ only in who watches for idleness. */
export function saysOnline(claim: Claim | undefined): boolean {
  return claim === 'auto' || claim === 'online';
}

function sameClaim(one: Claim, other: Claim): boolean {
  return one === other || (saysOnline(one) && saysOnline(other));
}

function deviceOf(register: ActivityRegister, deviceId: string): DeviceActivity {
  const found = findDevice(register, deviceId);
  if (found !== undefined) return found;
  const device = new DeviceActivity(deviceId);
  // Not push: a list that grows by pushing reserves room for 17, and most users have one device.
  register.devices = register.devices.concat(device);
  return device;
}

function connect(register: ActivityRegister, input: DeviceConnected, tMs: number, policy: Policy): void {
  const device = deviceOf(register, input.deviceId);
  dropEnded(device, tMs);
  if (device.sessions.length === 0) device.liveSinceMs = tMs;
  const before = claimingSession(device, tMs);
  const claimBefore = before?.claim;
  // A session that opens or changes to what the device claims at this moment takes over that claim and its time.
  const newClaimAtMs = before !== undefined && sameClaim(before.claim, input.claim) ? before.claimAtMs : tMs;
  const liveUntilMs = tMs + Math.min(input.leaseMs, policy.maxLeaseMs);
  const session = device.sessions.find((candidate) => candidate.sessionId === input.sessionId);
  const movedToNone = session !== undefined && session.claim !== 'none' && input.claim === 'none';
  if (session === undefined) {
    const { sessionId, claim } = input;
    device.sessions = device.sessions.concat({ sessionId, claim, claimAtMs: newClaimAtMs, connectedAtMs: tMs, liveUntilMs, open: true });
  } else {
    if (!sameClaim(session.claim, input.claim)) session.claimAtMs = newClaimAtMs;
    session.claim = input.claim;
    session.connectedAtMs = tMs;
    session.liveUntilMs = liveUntilMs;
    session.open = true;
  }
  const claimAfter = claimingSession(device, tMs)?.claim;
  if (saysOnline(input.claim) && saysOnline(claimAfter) && !saysOnline(claimBefore)) noteActive(register, device, tMs);
  if (movedToNone && claimBefore !== undefined && claimAfter === undefined) device.withdrawnAtMs = tMs;
}

function disconnect(register: ActivityRegister, input: DeviceDisconnected, tMs: number, policy: Policy): void {
  const device = findDevice(register, input.deviceId);
  if (device === undefined) return;
  dropEnded(device, tMs);
  const session = device.sessions.find((candidate) => candidate.sessionId === input.sessionId);
  if (session === undefined || !session.open) return;
  const endedAtMs = Math.max(session.connectedAtMs, tMs - cutAgo(input.agoMs, policy));
  session.open = false;
  session.liveUntilMs = endedAtMs + policy.offlineAfterMs;
}

function markActive(register: ActivityRegister, input: DeviceActive, tMs: number, policy: Policy): void {
  const activeAtMs = tMs - cutAgo(input.agoMs, policy);
  if (input.deviceId !== undefined) return noteActive(register, deviceOf(register, input.deviceId), activeAtMs);
  if (activeAtMs > register.anyDeviceActiveAtMs) register.anyDeviceActiveAtMs = activeAtMs;
  if (activeAtMs > register.lastActiveAtMs) register.lastActiveAtMs = activeAtMs;
}

function noteActive(register: ActivityRegister, device: DeviceActivity, atMs: number): void {
  if (atMs > device.activeAtMs) device.activeAtMs = atMs;
  if (atMs > register.lastActiveAtMs) register.lastActiveAtMs = atMs;
}

function cutAgo(agoMs: number | undefined, policy: Policy): number {
  return agoMs === undefined ? 0 : Math.min(Math.max(agoMs, 0), policy.maxLeaseMs);
}

/** Forgets sessions that are over at the time of a record: no later record of this topic can find them live. */
function dropEnded(device: DeviceActivity, tMs: number): void {
  const { sessions } = device;
  for (let index = sessions.length - 1; index >= 0; index -= 1) {
    if (tMs >= sessions[index]!.liveUntilMs) sessions.splice(index, 1);
  }
}
