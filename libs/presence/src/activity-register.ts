// The register that is folded from `presence.activity` alone: devices, their sessions, and pro-active events.
// Invariant: it depends only on the records of that topic in their order, and evaluating never changes it
// (semantics.md sections 4 and 5). Liveness is asked at the record's own time, not at the wall's.
import type { Claim } from './inputs.js';

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

const NO_SESSIONS: readonly Session[] = Object.freeze([]);

export class DeviceActivity {
  /** May hold sessions that are no longer live; they are dropped as records come by. */
  sessions: readonly Session[] = NO_SESSIONS;
  /** Since when there has been a live session without a break; means nothing while none is live. */
  liveSinceMs = NEVER;
  /** The device's latest pro-active event. */
  activeAtMs = NEVER;
  /** When it last withdrew its session claim by `none`: earlier PUTs, except `busy`, fell then. */
  withdrawnAtMs = NEVER;

  constructor(readonly deviceId: string) {}
}

const NO_DEVICES: readonly DeviceActivity[] = Object.freeze([]);
/** Numbers that a register keeps in its user's row. */
export const ACTIVITY_NUMBERS = 5;

export class ActivityRegister {
  devices: readonly DeviceActivity[] = NO_DEVICES;
  readonly #numbers: Float64Array;
  readonly #at: number;

  /** In `numbers` it owns ACTIVITY_NUMBERS from `at` on. */
  constructor(numbers: Float64Array, at: number) {
    this.#numbers = numbers;
    this.#at = at;
    this.clear();
  }

  /** As if nothing had ever been applied. */
  clear(): void {
    this.devices = NO_DEVICES;
    this.anyDeviceActiveAtMs = NEVER;
    this.lastActiveAtMs = NEVER;
    this.firstAtMs = Number.NaN;
    this.reachedMs = NEVER;
    this.appliedOffset = -1;
  }

  /** The latest pro-active event without a device: it counts for every device. */
  get anyDeviceActiveAtMs(): number {
    return this.#numbers[this.#at]!;
  }

  set anyDeviceActiveAtMs(atMs: number) {
    this.#numbers[this.#at] = atMs;
  }

  /** The latest pro-active event of all. */
  get lastActiveAtMs(): number {
    return this.#numbers[this.#at + 1]!;
  }

  set lastActiveAtMs(atMs: number) {
    this.#numbers[this.#at + 1] = atMs;
  }

  /** The first record of this life; NaN = none yet. */
  get firstAtMs(): number {
    return this.#numbers[this.#at + 2]!;
  }

  set firstAtMs(atMs: number) {
    this.#numbers[this.#at + 2] = atMs;
  }

  /** The time of the last record applied. */
  get reachedMs(): number {
    return this.#numbers[this.#at + 3]!;
  }

  set reachedMs(atMs: number) {
    this.#numbers[this.#at + 3] = atMs;
  }

  get appliedOffset(): number {
    return this.#numbers[this.#at + 4]!;
  }

  set appliedOffset(offset: number) {
    this.#numbers[this.#at + 4] = offset;
  }
}

export function findDevice(register: ActivityRegister, deviceId: string): DeviceActivity | undefined {
  const { devices } = register;
  for (let index = 0; index < devices.length; index++)
    if (devices[index]!.deviceId === deviceId) return devices[index];
  return undefined;
}

/** Whether a session of the device is live at `nowMs` (a deadline is reached when `now ≥ deadline`). */
export function hasLiveSession(device: DeviceActivity, nowMs: number): boolean {
  const { sessions } = device;
  for (let index = 0; index < sessions.length; index++) if (nowMs < sessions[index]!.liveUntilMs) return true;
  return false;
}

/**
 * The session whose claim is the device's session claim at `nowMs`: of the live ones that do not claim `none` the one
 * whose claim changed last, on equal times the higher claim; undefined = no session claim.
 */
export function claimingSession(device: DeviceActivity, nowMs: number): Session | undefined {
  const { sessions } = device;
  let best: Session | undefined;
  for (let index = 0; index < sessions.length; index++) {
    const session = sessions[index]!;
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
