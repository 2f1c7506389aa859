// Sections 2 to 5 of the semantics, first half: what one user's records have said so far. Invariant: what an activity
// record does depends on activity records alone, and what a command does on commands alone (section 4); nothing is
// dropped here but sessions that were over before the record in hand.
import type { PlainActivity, PlainClaim, PlainPolicy, PlainPresence, PlainPut, PlainTimer } from './record.js';

/** Whether a deadline of this kind has been reached, in the view that is being taken: `now ≥ deadline`. */
export type Reached = (timer: PlainTimer, deadlineMs: number) => boolean;

export function reachedAt(nowMs: number): Reached {
  return (_timer, deadlineMs) => nowMs >= deadlineMs;
}

export interface Session {
  says: PlainClaim;
  /** When this claim was last changed, or the time taken over with it. */
  claimedAtMs: number;
  connectedAtMs: number;
  leaseEndsAtMs: number;
  endedAtMs: number | undefined;
}

export interface Put {
  readonly presence: PlainPresence;
  readonly atMs: number;
}

export interface Device {
  readonly sessions: Map<string, Session>;
  /** When the present unbroken run of live sessions began; meaningful while one is live. */
  lifeBeganAtMs: number;
  /** When a session last moved to `none` and left the device without a claim that it had: earlier PUTs fell. */
  withdrawnAtMs: number;
  lastEventAtMs: number;
  lastPut: Put | undefined;
}

export interface Facts {
  readonly devices: Map<string, Device>;
  /** The latest pro-active event whose device is not known: it counts for every device. */
  userEventAtMs: number;
  firstInputAtMs: number;
  statusMsg: string | undefined;
  override: PlainPresence | undefined;
}

export interface SessionClaim {
  readonly presence: 'online' | 'unavailable';
  readonly sinceMs: number;
}

export const NEVER = Number.NEGATIVE_INFINITY;

export function noFacts(): Facts {
  return {
    devices: new Map(),
    userEventAtMs: NEVER,
    firstInputAtMs: Number.POSITIVE_INFINITY,
    statusMsg: undefined,
    override: undefined,
  };
}

export function deviceOf(facts: Facts, deviceId: string): Device {
  const known = facts.devices.get(deviceId);
  if (known !== undefined) return known;
  const device = {
    sessions: new Map(),
    lifeBeganAtMs: NEVER,
    withdrawnAtMs: NEVER,
    lastEventAtMs: NEVER,
    lastPut: undefined,
  };
  facts.devices.set(deviceId, device);
  return device;
}

/** "A session is live while it is open and its lease has not run out, and for `offlineAfter` after it ended." */
export function isLive(session: Session, reached: Reached, policy: PlainPolicy): boolean {
  if (session.endedAtMs === undefined) return !reached('lease', session.leaseEndsAtMs);
  return !reached('grace', session.endedAtMs + policy.offlineAfterMs);
}

export function liveSessions(device: Device, reached: Reached, policy: PlainPolicy): Session[] {
  return [...device.sessions.values()].filter((session) => isLive(session, reached, policy));
}

/** Of the live sessions that claim something, the claim that changed last; on equal times the higher one. */
export function sessionClaimOf(device: Device, reached: Reached, policy: PlainPolicy): SessionClaim | undefined {
  let latest: SessionClaim | undefined;
  for (const session of liveSessions(device, reached, policy)) {
    const presence = claimOf(session.says);
    if (presence === 'none') continue;
    const later = latest === undefined || session.claimedAtMs > latest.sinceMs;
    const higher = latest !== undefined && session.claimedAtMs === latest.sinceMs && presence === 'online';
    if (later || higher) latest = { presence, sinceMs: session.claimedAtMs };
  }
  return latest;
}

function claimOf(says: PlainClaim): 'online' | 'unavailable' | 'none' {
  return says === 'auto' ? 'online' : says;
}

export function foldActivity(facts: Facts, record: PlainActivity, tMs: number, policy: PlainPolicy): void {
  facts.firstInputAtMs = Math.min(facts.firstInputAtMs, tMs);
  switch (record.type) {
    case 'device.connected':
      connect(deviceOf(facts, record.device_id), record, tMs, policy);
      return;
    case 'device.disconnected':
      disconnect(deviceOf(facts, record.device_id), record, tMs, policy);
      return;
    case 'device.active': {
      const eventAtMs = tMs - cutAgo(record.ago_ms, policy);
      if (typeof record.device_id === 'string') eventOf(deviceOf(facts, record.device_id), eventAtMs);
      else facts.userEventAtMs = Math.max(facts.userEventAtMs, eventAtMs);
    }
  }
}

type Connected = Extract<PlainActivity, { type: 'device.connected' }>;
type Disconnected = Extract<PlainActivity, { type: 'device.disconnected' }>;

function connect(device: Device, record: Connected, tMs: number, policy: PlainPolicy): void {
  const reached = reachedAt(tMs);
  for (const [id, session] of device.sessions) if (!isLive(session, reached, policy)) device.sessions.delete(id);
  if (device.sessions.size === 0) device.lifeBeganAtMs = tMs;

  const claim = claimOf(record.claim);
  const claimBefore = sessionClaimOf(device, reached, policy);
  const continued = device.sessions.get(record.session_id);
  let claimedAtMs = tMs;
  if (continued !== undefined && claimOf(continued.says) === claim) claimedAtMs = continued.claimedAtMs;
  else if (claimBefore?.presence === claim) claimedAtMs = claimBefore.sinceMs;

  const leaseEndsAtMs = tMs + Math.min(record.lease_ms, policy.maxLeaseMs);
  device.sessions.set(record.session_id, {
    says: record.claim,
    claimedAtMs,
    connectedAtMs: tMs,
    leaseEndsAtMs,
    endedAtMs: undefined,
  });

  const claimAfter = sessionClaimOf(device, reached, policy);
  if (claimBefore !== undefined && claimAfter === undefined) device.withdrawnAtMs = tMs;
  const turnedOnline = claimBefore?.presence !== 'online' && claimAfter?.presence === 'online';
  if (claim === 'online' && turnedOnline) eventOf(device, tMs);
}

function disconnect(device: Device, record: Disconnected, tMs: number, policy: PlainPolicy): void {
  const session = device.sessions.get(record.session_id);
  const open = session !== undefined && session.endedAtMs === undefined && tMs < session.leaseEndsAtMs;
  if (open) session.endedAtMs = Math.max(tMs - cutAgo(record.ago_ms, policy), session.connectedAtMs);
}

export function foldPut(facts: Facts, record: PlainPut, tMs: number): void {
  const device = deviceOf(facts, record.device_id);
  device.lastPut = { presence: record.presence, atMs: tMs };
  if (record.presence === 'online' || record.presence === 'busy') eventOf(device, tMs);
  facts.statusMsg = typeof record.status_msg === 'string' && record.status_msg !== '' ? record.status_msg : undefined;
}

function eventOf(device: Device, atMs: number): void {
  device.lastEventAtMs = Math.max(device.lastEventAtMs, atMs);
}

function cutAgo(agoMs: number | null | undefined, policy: PlainPolicy): number {
  return Math.min(Math.max(agoMs ?? 0, 0), policy.maxLeaseMs);
}
