// Sections 5 and 6 of the semantics, second half: what the facts show at a time. Invariant: a pure function of facts,
// time and policy; every deadline it asks about is in `deadlinesOf`, so that between two of them nothing can change.
import type { PlainPolicy, PlainPresence, PlainTimer, PlainView } from './record.js';
import { liveSessions, NEVER, sessionClaimOf, type Device, type Facts, type Put, type Reached } from './facts.js';

export interface Deadline {
  readonly timer: PlainTimer;
  readonly atMs: number;
}

const RANK: Readonly<Record<PlainPresence, number>> = { offline: 0, unavailable: 1, online: 2, busy: 3 };

/** The view if the user were visible all along: while shown offline, `last_active_ts` is held back by the model. */
export function viewOf(facts: Facts, reached: Reached, policy: PlainPolicy): PlainView {
  const shown = [...facts.devices.values()].map((device) => countsAs(device, facts, reached, policy));
  const highest = shown.reduce((high, each) => (RANK[each] > RANK[high] ? each : high), 'offline');
  const presence = facts.override ?? highest;
  const eventAtMs = latestEventOf(facts);
  const recent = eventAtMs !== NEVER && !reached('active', eventAtMs + policy.activeForMs);
  return {
    presence,
    status_msg: facts.statusMsg,
    currently_active: (presence === 'online' || presence === 'busy') && recent,
    last_active_ts: eventAtMs === NEVER ? facts.firstInputAtMs : eventAtMs,
  };
}

function latestEventOf(facts: Facts): number {
  return Math.max(facts.userEventAtMs, ...[...facts.devices.values()].map(({ lastEventAtMs }) => lastEventAtMs));
}

/** The table of section 5. */
function countsAs(device: Device, facts: Facts, reached: Reached, policy: PlainPolicy): PlainPresence {
  const put = standingPut(device, reached, policy);
  if (put?.presence === 'busy') return 'busy';
  const claim = deviceClaim(device, put, reached, policy);
  if (claim === undefined || claim.presence === 'offline') return 'offline';

  const eventAtMs = Math.max(device.lastEventAtMs, facts.userEventAtMs);
  const fresh = eventAtMs !== NEVER && !reached('idle', eventAtMs + policy.idleAfterMs);
  if (claim.presence === 'unavailable') return fresh && eventAtMs > claim.sinceMs ? 'online' : 'unavailable';
  const clientWatches = liveSessions(device, reached, policy).some(({ says }) => says === 'online');
  return clientWatches || fresh ? 'online' : 'unavailable';
}

/** The later of the session claim and the standing PUT; on equal times the PUT. */
function deviceClaim(
  device: Device,
  put: Put | undefined,
  reached: Reached,
  policy: PlainPolicy,
): { presence: PlainPresence; sinceMs: number } | undefined {
  const claim = sessionClaimOf(device, reached, policy);
  if (put === undefined) return claim;
  if (claim !== undefined && claim.sinceMs > put.atMs) return claim;
  return { presence: put.presence, sinceMs: put.atMs };
}

function standingPut(device: Device, reached: Reached, policy: PlainPolicy): Put | undefined {
  const put = device.lastPut;
  if (put === undefined) return undefined;
  if (put.presence !== 'busy' && put.atMs < device.withdrawnAtMs) return undefined;
  const spanEndsAtMs = put.atMs + spanOf(put, policy);
  if (!reached('put', spanEndsAtMs)) return put;
  const lifeGoesOn = liveSessions(device, reached, policy).length > 0;
  return lifeGoesOn && device.lifeBeganAtMs < spanEndsAtMs ? put : undefined;
}

function spanOf(put: Put, policy: PlainPolicy): number {
  return put.presence === 'busy' ? policy.busyOfflineAfterMs : policy.offlineAfterMs;
}

/** Every time at which `viewOf` may change without an input. */
export function deadlinesOf(facts: Facts, policy: PlainPolicy): Deadline[] {
  const deadlines: Deadline[] = [
    { timer: 'active', atMs: latestEventOf(facts) + policy.activeForMs },
    { timer: 'idle', atMs: facts.userEventAtMs + policy.idleAfterMs },
  ];
  for (const device of facts.devices.values()) {
    deadlines.push({ timer: 'idle', atMs: device.lastEventAtMs + policy.idleAfterMs });
    if (device.lastPut !== undefined)
      deadlines.push({ timer: 'put', atMs: device.lastPut.atMs + spanOf(device.lastPut, policy) });
    for (const session of device.sessions.values()) {
      if (session.endedAtMs === undefined) deadlines.push({ timer: 'lease', atMs: session.leaseEndsAtMs });
      else deadlines.push({ timer: 'grace', atMs: session.endedAtMs + policy.offlineAfterMs });
    }
  }
  return deadlines;
}
