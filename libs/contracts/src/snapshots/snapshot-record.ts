// What `presence.snapshots` holds beside registers: where a snapshot begins and ends, and in which order inputs were taken when
// their times do not say it. Invariant: a snapshot is whole only if its end follows its beginning, with as many registers in
// between as it says; another beginning makes the one before void.
import { type Policy } from '#libs/presence';
import { type ProgressPosition } from '../states/presence-progress-v1.js';

/**
 * Why a snapshot was begun. `due`: time for it; re-folding from the one before leads to it. All others begin anew: `first` there
 * was none, `policy` the timings are others than before, `loss` retention took inputs before they were folded, `moved` the
 * registers come from elsewhere, and the inputs that made them are not in this log.
 */
export type SnapshotReason = 'due' | 'first' | 'policy' | 'loss' | 'moved';

export interface SnapshotBegin {
  readonly kind: 'begin';
  /** By the aggregator's clock, milliseconds. */
  readonly atMs: number;
  readonly reason: SnapshotReason;
  /** Per input, in the order of INPUTS: everything before it is in the registers, nothing after it. */
  readonly inputs: readonly ProgressPosition[];
  /** How many registers belong to it. */
  readonly users: number;
  /** In force from here on. */
  readonly policy: Policy;
  /** How often inputs of this partition were lost before. */
  readonly losses: number;
}

export interface SnapshotEnd {
  readonly kind: 'end';
  /** As in its beginning. */
  readonly atMs: number;
  readonly users: number;
}

/** Of each input the last offset taken, −1 = none yet, in the order of INPUTS. */
export type OrderPoint = readonly [number, number];

/**
 * Points through which the taking of both inputs passed. Between two of them, and in their absence, inputs were taken in the
 * order of their times, activity first at equal ones.
 */
export interface TakingOrder {
  readonly kind: 'order';
  readonly points: readonly OrderPoint[];
}

export type SnapshotRecord = SnapshotBegin | SnapshotEnd | TakingOrder;
