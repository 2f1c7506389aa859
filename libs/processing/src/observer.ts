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
  restored?(restored: Restored): void;
  committed?(committed: Committed): void;
  rejected?(topic: string, partition: number, offset: number, reason: string): void;
  fired?(partition: number, timers: number): void;
  /** The member joins again and starts from the fence. */
  failed?(partition: number, error: Error): void;
  /** The task goes on only after a person has looked at it. */
  stopped?(partition: number, error: Error): void;
}
