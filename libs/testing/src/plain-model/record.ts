// What the plain model of presence reads and writes: the records and changes of design section 4, as they stand in the
// log. Invariant: nothing in this folder imports anything from outside it; it was written from the specification alone,
// so that a misreading of ours in libs/presence is not made twice.
export type PlainTopic = 'activity' | 'commands';

export type PlainPresence = 'busy' | 'online' | 'unavailable' | 'offline';

/** What a session says; `auto` and `online` are the same claim, watched by different people. */
export type PlainClaim = 'auto' | 'online' | 'unavailable' | 'none';

/** Milliseconds throughout; the relations between them are the caller's. */
export interface PlainPolicy {
  readonly idleAfterMs: number;
  readonly activeForMs: number;
  readonly offlineAfterMs: number;
  readonly busyOfflineAfterMs: number;
  readonly maxLeaseMs: number;
}

interface Connected {
  readonly type: 'device.connected';
  readonly device_id: string;
  readonly session_id: string;
  readonly claim: PlainClaim;
  readonly lease_ms: number;
}

interface Disconnected {
  readonly type: 'device.disconnected';
  readonly device_id: string;
  readonly session_id: string;
  readonly ago_ms?: number | null;
}

interface Active {
  readonly type: 'device.active';
  readonly device_id?: string | null;
  readonly ago_ms?: number | null;
}

export type PlainActivity = Connected | Disconnected | Active;

export interface PlainPut {
  readonly type: 'presence.set';
  readonly device_id: string;
  readonly presence: PlainPresence;
  readonly status_msg?: string | null;
}

interface Override {
  readonly type: 'presence.override';
  readonly presence?: PlainPresence | null;
}

export type PlainCommand = PlainPut | Override | { readonly type: 'user.forget' };

/** One record of one user. `atMs` is the broker's time, settled in its partition (never earlier than that had reached). */
export type PlainInput =
  | { readonly topic: 'activity'; readonly offset: number; readonly atMs: number; readonly record: PlainActivity }
  | { readonly topic: 'commands'; readonly offset: number; readonly atMs: number; readonly record: PlainCommand };

export type PlainTimer = 'idle' | 'active' | 'lease' | 'grace' | 'put';

/** What is compared to tell a change. */
export interface PlainShown {
  readonly presence: PlainPresence;
  readonly status_msg: string | undefined;
  readonly currently_active: boolean;
}

export interface PlainView extends PlainShown {
  readonly last_active_ts: number | undefined;
}

/** What made a change: an input; or deadlines, any of which may be named where several meet in one instant. */
export type PlainCause =
  { readonly topic: PlainTopic; readonly offset: number } | { readonly timers: readonly PlainTimer[] };

export interface PlainChange extends PlainView {
  readonly kind: 'changed';
  /** 0 until the user has been forgotten once. */
  readonly life: number;
  readonly version: number;
  readonly at_ts: number;
  readonly before: PlainShown;
  readonly cause: PlainCause;
}

/** A life has ended: told after its last change, with that one's version (0 = nothing was ever shown). */
export interface PlainErasure {
  readonly kind: 'forgotten';
  readonly life: number;
  readonly version: number;
  readonly at_ts: number;
  readonly cause: PlainCause;
}

export type PlainTold = PlainChange | PlainErasure;
