// What people do at once, as the field knows it: steady use, everybody logging in, a gateway that is lost with all its sessions, and
// flapping. Invariant: the same seed and users give the same doings, tick by tick; only leases are told in the time of now.
import type { Doing } from '../day-of-users.js';
import { seeded, type Draw } from '../seeded.js';

export const WORKLOADS = ['steady', 'login-storm', 'gateway-loss', 'flapping', 'daily'] as const;
/** Those that pass in real time. */
export const LOAD_NAMES = ['steady', 'login-storm', 'gateway-loss', 'flapping'] as const;
export type WorkloadName = (typeof WORKLOADS)[number];
/** A whole day passes only where time is simulated. */
export type LiveWorkloadName = (typeof LOAD_NAMES)[number];

export const TICK_MS = 100;
const TICKS_PER_SECOND = 1000 / TICK_MS;
const LEASE_MS = 300_000;
const RENEWAL_SECONDS = 120;
/** Of everybody, those who look at their client, and how often they do something. */
const LOOKING = 0.3;
const ACTIVE_EVERY_SECONDS = 30;
const STORM_SECONDS = 5;
/** Renewals before all sessions are lost, so many a second, and from the last of them to the first lease that runs out. */
const LOSS_RENEWALS_PER_SECOND = 50_000;
const LOSS_AFTER_MS = 5_000;
/** From there to the last. */
const LOSS_SPREAD_MS = 1_000;
const FLAPPING = 0.1;
const FLAP_TICKS = 20;

export interface Workload {
  readonly says: string;
  /** Whether everybody is connected before it begins. */
  readonly begins: 'connected' | 'unknown';
  readonly ticks: number;
  /** After the last tick, until the last timer of it is due. */
  readonly thenMs: number;
  /** Changes that its timers make at its end; 0 = it waits for none. */
  readonly changesByTimers: number;
  tick(tick: number): Doing[];
}

export interface WorkloadOptions {
  readonly users: number;
  readonly seed: number;
  readonly seconds: number;
}

export function workloadOf(name: LiveWorkloadName, options: WorkloadOptions): Workload {
  const draw = seeded(options.seed);
  switch (name) {
    case 'steady':
      return steady(options, draw);
    case 'login-storm':
      return loginStorm(options);
    case 'gateway-loss':
      return gatewayLoss(options, draw);
    case 'flapping':
      return flapping(options, draw);
  }
}

/** Opens or renews a session. */
export function connected(user: number, leaseMs = LEASE_MS, claim: 'auto' | 'unavailable' = 'auto'): Doing {
  const session = { deviceId: 'PHONE', sessionId: 'gateway-1' };
  return { topic: 'activity', user, input: { type: 'device.connected', ...session, claim, leaseMs } };
}

function active(user: number): Doing {
  return { topic: 'activity', user, input: { type: 'device.active', deviceId: 'PHONE' } };
}

function steady({ users, seconds }: WorkloadOptions, draw: Draw): Workload {
  const renewals = users / RENEWAL_SECONDS / TICKS_PER_SECOND;
  const actives = (users * LOOKING) / ACTIVE_EVERY_SECONDS / TICKS_PER_SECOND;
  return {
    says: `everybody connected, a renewal each ${RENEWAL_SECONDS} s, ${LOOKING * 100} % of them active each ${ACTIVE_EVERY_SECONDS} s`,
    begins: 'connected',
    ticks: seconds * TICKS_PER_SECOND,
    thenMs: 0,
    changesByTimers: 0,
    tick: (tick) => [
      ...times(renewals, tick, () => connected(Math.floor(draw() * users))),
      ...times(actives, tick, () => active(Math.floor(draw() * users * LOOKING))),
    ],
  };
}

function loginStorm({ users }: WorkloadOptions): Workload {
  const ticks = STORM_SECONDS * TICKS_PER_SECOND;
  return {
    says: `everybody comes within ${STORM_SECONDS} s, nobody was known before`,
    begins: 'unknown',
    ticks,
    thenMs: 0,
    changesByTimers: 0,
    tick: (tick) => {
      const [from, to] = [Math.floor((users * tick) / ticks), Math.floor((users * (tick + 1)) / ticks)];
      return Array.from({ length: to - from }, (_, index) => connected(from + index));
    },
  };
}

function gatewayLoss({ users }: WorkloadOptions, draw: Draw): Workload {
  const renewalSeconds = Math.max(2, Math.ceil(users / LOSS_RENEWALS_PER_SECOND));
  const ticks = renewalSeconds * TICKS_PER_SECOND;
  // Many renewals are folded for longer.
  const afterMs = (LOSS_AFTER_MS * renewalSeconds) / 2;
  let endsMs = 0;
  return {
    says: `every session is renewed a last time; ${afterMs} ms later all leases run out within ${LOSS_SPREAD_MS} ms`,
    begins: 'connected',
    ticks,
    thenMs: afterMs + LOSS_SPREAD_MS,
    changesByTimers: users,
    tick: (tick) => {
      if (tick === 0) endsMs = Date.now() + ticks * TICK_MS + afterMs;
      const leaseMs = endsMs - Date.now();
      const [from, to] = [Math.floor((users * tick) / ticks), Math.floor((users * (tick + 1)) / ticks)];
      return Array.from({ length: to - from }, (_, index) =>
        connected(from + index, Math.max(1, leaseMs + Math.floor(draw() * LOSS_SPREAD_MS))),
      );
    },
  };
}

function flapping({ users, seconds }: WorkloadOptions, draw: Draw): Workload {
  const flappers = Math.floor(users * FLAPPING);
  const phases = Uint8Array.from({ length: flappers }, () => Math.floor(draw() * 2 * FLAP_TICKS));
  return {
    says: `${FLAPPING * 100} % of everybody flap each ${(2 * FLAP_TICKS * TICK_MS) / 1000} s: half lose their connection and come back within the grace, half change what they claim`,
    begins: 'connected',
    ticks: seconds * TICKS_PER_SECOND,
    thenMs: 0,
    changesByTimers: 0,
    tick: (tick) => {
      const doings: Doing[] = [];
      for (let user = 0; user < flappers; user += 1) {
        const phase = (tick + phases[user]!) % (2 * FLAP_TICKS);
        if (phase % FLAP_TICKS === 0) doings.push(flap(user, phase === 0));
      }
      return doings;
    },
  };
}

function flap(user: number, isAway: boolean): Doing {
  if (!isAway) return connected(user);
  if (user % 2 === 0) return connected(user, LEASE_MS, 'unavailable');
  const input = { type: 'device.disconnected', deviceId: 'PHONE', sessionId: 'gateway-1' } as const;
  return { topic: 'activity', user, input };
}

/** As often as it is due in this tick, where a tick has less or more than one. */
function times(perTick: number, tick: number, make: () => Doing): Doing[] {
  const count = Math.floor(perTick * (tick + 1)) - Math.floor(perTick * tick);
  return Array.from({ length: count }, make);
}
