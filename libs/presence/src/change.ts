// What the aggregate tells the world: its view moved, or it was erased. Invariant: within a life the versions of the
// changes are 1, 2, 3 … without a gap, and their times never decrease.
import type { View } from './view.js';

/** The deadline that made a change: idleness, `activeFor`, a lease, the grace of an ended session, a PUT's span. */
export type Timer = 'idle' | 'active' | 'lease' | 'grace' | 'put';

export interface ViewChange {
  readonly kind: 'changed';
  /** 0, then one more after every `user.forget`. */
  readonly life: number;
  /** From 1 in every life. */
  readonly version: number;
  readonly atMs: number;
  readonly view: View;
  /** The view that was last told; before the first: offline, no message, not active. Without `lastActiveAtMs`. */
  readonly before: View;
  /** Absent: the input itself made the change. */
  readonly timer?: Timer;
}

export interface Forgotten {
  readonly kind: 'forgotten';
  /** The life that ended. */
  readonly life: number;
  /** Its last version; 0 = nothing had ever been shown. */
  readonly version: number;
  readonly atMs: number;
}

export type Change = ViewChange | Forgotten;

/** Receives changes in order, synchronously. */
export type ChangeSink = (change: Change) => void;
