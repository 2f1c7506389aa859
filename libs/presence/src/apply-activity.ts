// How a record of `presence.activity` changes its register. Invariant: it depends only on the register and the record: liveness
// is asked at the record's own time, not at the wall's (semantics.md section 5).
import { DeviceActivity, claimingSession, findDevice, saysOnline, type ActivityRegister } from './activity-register.js';
import type {
  ActivityInput,
  Claim,
  DeviceActive,
  DeviceConnected,
  DeviceDisconnected,
  InputPosition,
} from './inputs.js';
import type { Policy } from './policy.js';

/** Applies one record at its settled time; an offset that was applied already must not come here. */
export function applyActivity(
  register: ActivityRegister,
  input: ActivityInput,
  at: InputPosition,
  policy: Policy,
): void {
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
    device.sessions = device.sessions.concat({
      sessionId,
      claim,
      claimAtMs: newClaimAtMs,
      connectedAtMs: tMs,
      liveUntilMs,
      open: true,
    });
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

/** `ago_ms` is cut to 0 … the maximum lease. */
export function cutAgo(agoMs: number | undefined, policy: Policy): number {
  return agoMs === undefined ? 0 : Math.min(Math.max(agoMs, 0), policy.maxLeaseMs);
}

/** Forgets sessions that are over at the time of a record: no later record of this topic can find them live. */
function dropEnded(device: DeviceActivity, tMs: number): void {
  if (!device.sessions.some((session) => tMs >= session.liveUntilMs)) return;
  device.sessions = device.sessions.filter((session) => tMs < session.liveUntilMs);
}
