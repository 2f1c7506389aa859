// The records that the aggregate folds, as they are inside the engine (semantics.md section 2). Invariant: an input
// carries no time of its own; the time is the log's append time and comes beside it.
import type { Presence } from './view.js';

/** What a session says: /sync's `set_presence` absent → `auto`, `online` and `unavailable` the same, `offline` → `none`. */
export type Claim = 'auto' | 'online' | 'unavailable' | 'none';

/** Opens or renews a session of a device. */
export interface DeviceConnected {
  readonly type: 'device.connected';
  readonly deviceId: string;
  /** Unique within the device. */
  readonly sessionId: string;
  readonly claim: Claim;
  /** Milliseconds ≥ 1; cut to the policy's `maxLeaseMs`. */
  readonly leaseMs: number;
}

/** The session's last poll or socket ended `agoMs` before this record. */
export interface DeviceDisconnected {
  readonly type: 'device.disconnected';
  readonly deviceId: string;
  readonly sessionId: string;
  /** Milliseconds; absent = 0; cut to 0 … `maxLeaseMs`. */
  readonly agoMs?: number;
}

/** A pro-active event: the user did something, on a device or (without `deviceId`) on one that is not known. */
export interface DeviceActive {
  readonly type: 'device.active';
  readonly deviceId?: string | undefined;
  /** Milliseconds; absent = 0; cut to 0 … `maxLeaseMs`. */
  readonly agoMs?: number | undefined;
}

export type ActivityInput = DeviceConnected | DeviceDisconnected | DeviceActive;

/** PUT …/presence/{userId}/status by a device. An absent or empty `statusMsg` clears the message. */
export interface PresenceSet {
  readonly type: 'presence.set';
  readonly deviceId: string;
  readonly presence: Presence;
  readonly statusMsg?: string;
}

/** Forces the user's presence whatever the devices do (MSC4043); without `presence` the override is lifted. */
export interface PresenceOverride {
  readonly type: 'presence.override';
  readonly presence?: Presence;
}

/** Erases the user (semantics.md section 8). */
export interface UserForget {
  readonly type: 'user.forget';
}

export type CommandInput = PresenceSet | PresenceOverride | UserForget;

/** Where an input stands in its topic: `tMs` is settled (never earlier than its topic-partition had reached). */
export interface InputPosition {
  readonly tMs: number;
  readonly offset: number;
}
