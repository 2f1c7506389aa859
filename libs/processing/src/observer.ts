// What a task tells whoever watches: metrics, logs, tests. Invariant: watching changes nothing; a call never waits.
import type { TaskState } from './task-states.js';
import type { Position } from './progress.js';

export interface Committed {
  readonly partition: number;
  /** After the transaction. */
  readonly positions: readonly Position[];
  readonly inputs: number;
  readonly records: number;
  /** Of the records, those of the rolling checkpoint. */
  readonly swept: number;
  /** From the start of the transaction to its acknowledgement. */
  readonly tookMs: number;
  /** Spent folding what is in it. */
  readonly foldMs: number;
}

/** How far a take-over has read. */
export interface Restoring {
  readonly partition: number;
  /** Offsets passed of those that lie before the stable ends; the silent tail is not among them. */
  readonly passed: number;
  readonly total: number;
}

export interface Restored {
  readonly partition: number;
  readonly records: number;
  readonly absorbed: number;
  readonly tookMs: number;
}

/** All optional: whoever watches takes what it wants. */
export interface Observer {
  moved?(partition: number, to: TaskState): void;
  restoring?(restoring: Restoring): void;
  restored?(restored: Restored): void;
  committed?(committed: Committed): void;
  rejected?(topic: string, partition: number, offset: number, reason: string): void;
  /** `lateMs`: how long the first of them was due. */
  fired?(partition: number, timers: number, lateMs: number): void;
  /** The member joins again and starts from the fence. */
  failed?(partition: number, error: Error): void;
  /** The task goes on only after a person has looked at it. */
  stopped?(partition: number, error: Error): void;
}
