// One user's registers as they were found in stored bytes, ids and messages still lying there: what whoever reads the stored
// form fills, and packing takes. Invariant: absent times are NaN; a text that begins at −1 is absent. Used again for every
// user, so lists have more places than things.
import type { Claim } from './inputs.js';
import type { Presence } from './view.js';

export interface TextFound {
  start: number;
  end: number;
}

export interface DeviceFound extends TextFound {
  liveSinceMs: number;
  activeAtMs: number;
  withdrawnAtMs: number;
  /** How many of the sessions that follow are this device's. */
  sessions: number;
}

export interface SessionFound extends TextFound {
  claim: Claim;
  claimAtMs: number;
  connectedAtMs: number;
  liveUntilMs: number;
  open: boolean;
}

export interface PutFound extends TextFound {
  presence: Presence;
  atMs: number;
  activeAtMs: number;
}

export interface ActivityFound {
  offset: number;
  firstAtMs: number;
  reachedMs: number;
  anyDeviceActiveAtMs: number;
  lastActiveAtMs: number;
}

export interface CommandsFound {
  offset: number;
  firstAtMs: number;
  lastActiveAtMs: number;
  readonly message: TextFound;
  override: Presence | undefined;
}

export interface RegistersFound {
  bytes: Uint8Array;
  life: number;
  version: number;
  /** What was last told. */
  presence: Presence;
  currentlyActive: boolean;
  readonly toldMessage: TextFound;
  frozenActiveAtMs: number;
  evaluatedAtMs: number;
  forgottenAtMs: number;
  readonly activity: ActivityFound;
  readonly commands: CommandsFound;
  readonly devices: readonly DeviceFound[];
  deviceCount: number;
  readonly sessions: readonly SessionFound[];
  readonly puts: readonly PutFound[];
  putCount: number;
}
