// What was found of one user's stored registers: the times, and where the texts lie in the bytes. Invariant: absent times are
// NaN, a text that begins at −1 is absent; it is used again for every record, so its lists have more places than things.
import type { DeviceFound, Presence, PutFound, RegistersFound, SessionFound, TextFound } from '#libs/presence';

/** One user's registers; used again for every record. */
export class FoundRegisters implements RegistersFound {
  bytes: Uint8Array = new Uint8Array(0);
  /** Some text is not ASCII: whether it is UTF-8 is for others to ask. */
  hasHigh = false;
  life = 0;
  version = 0;
  presence: Presence = 'offline';
  currentlyActive = false;
  readonly toldMessage = absentText();
  frozenActiveAtMs = Number.NaN;
  evaluatedAtMs = Number.NaN;
  forgottenAtMs = Number.NaN;
  readonly activity = {
    offset: -1,
    firstAtMs: Number.NaN,
    reachedMs: Number.NaN,
    anyDeviceActiveAtMs: Number.NaN,
    lastActiveAtMs: Number.NaN,
  };
  readonly commands = {
    offset: -1,
    firstAtMs: Number.NaN,
    lastActiveAtMs: Number.NaN,
    message: absentText(),
    override: undefined as Presence | undefined,
  };
  readonly devices: DeviceFound[] = [];
  deviceCount = 0;
  readonly sessions: SessionFound[] = [];
  sessionCount = 0;
  readonly puts: PutFound[] = [];
  putCount = 0;
  /** What the last change told, NaN = nothing: when it was, and its `last_active_ts`. */
  changedAtMs = Number.NaN;
  changedActiveAtMs = Number.NaN;
  /** Whether they tell what the state holds: its `last_active_ts`, NaN = none. */
  knowsState = false;
  stateActiveAtMs = Number.NaN;
}

function absentText(): TextFound {
  return { start: -1, end: -1 };
}

export function newDevice(): DeviceFound {
  return { ...absentText(), liveSinceMs: Number.NaN, activeAtMs: Number.NaN, withdrawnAtMs: Number.NaN, sessions: 0 };
}

export function newSession(): SessionFound {
  return { ...absentText(), claim: 'none', claimAtMs: 0, connectedAtMs: 0, liveUntilMs: 0, open: false };
}

export function newPut(): PutFound {
  return { ...absentText(), presence: 'offline', atMs: 0, activeAtMs: Number.NaN };
}
