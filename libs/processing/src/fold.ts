// What a task calls and what it is given: the seam between the loop and whoever folds. Invariant: every call is
// synchronous and belongs to one partition; a fold never reads a clock, waits, or writes anywhere but through its handle,
// and keeps no record that it is handed: the next one may be read into the same object.
// It stands apart so that the loop knows no domain and the domain no loop.
import type { LogRecord } from '#libs/event-log';
import type { Progress } from './progress.js';

/** Where a record goes that the fold wants written with the transaction of the batch. */
export interface Outbox {
  /** To the task's own partition number of a co-partitioned topic; `null` is a tombstone. */
  write(topic: string, key: string, value: string | null, headers?: Readonly<Record<string, string>>): void;
}

/** A record that cannot be decoded. Policy decides what becomes of it. */
export interface Rejection {
  /** One sentence for whoever reads the record among the rejected ones. */
  readonly reason: string;
}

/** What the loop keeps for a fold: ids are dense integers that the fold gives out from 0. Writing goes into the batch being folded. */
export interface TaskHandle extends Outbox {
  readonly partition: number;
  /** How many partitions each input has; known before the first input is absorbed or taken. */
  readonly partitions: number;
  /** Of each input, the last offset taken; −1 = none yet. The record being taken counts. */
  appliedOffset(input: number): number;
  /** The id's next deadline, milliseconds; Infinity = none. Replaces the one before. Cheap, and cheapest when it moves later. */
  arm(id: number, deadlineMs: number): void;
  /** What is in memory of this id differs from what was written. */
  markDirty(id: number): void;
  /** The fold has written this id into the batch that is being closed. */
  markSaved(id: number): void;
}

export interface Fold {
  /** Take-over: a record of one of the restored topics, in the order of the log (a later record of a key replaces the earlier one). */
  restore(topic: string, record: LogRecord): void;
  /** Take-over, all of that is read: whether it must be told the topic of the progress as well. Absent: no. */
  needsProgressTopic?(): boolean;
  /** Silent tail: a record whose changes were told before; only what is kept in memory may move. Marks the id dirty. */
  absorb(input: number, record: LogRecord, tMs: number): void;
  /** Everything is restored and absorbed, up to there: arm the timers. */
  restored(progress: Progress, nowMs: number): void;
  /** Takes a record at its settled time; undefined = taken, or known to have no effect. */
  take(input: number, record: LogRecord, tMs: number): Rejection | undefined;
  /** A deadline of this id has been reached; the id is no longer armed. */
  fire(id: number, nowMs: number): void;
  /** Ends a batch at a time of our clock: writes everything that must be written with it. */
  flush(nowMs: number): void;
  /** When it wants a batch to end although nothing happens, by our clock; Infinity = it does not. Absent: never. */
  flushDueMs?(): number;
  /** Rolling checkpoint: writes what is kept of this id. */
  save(id: number): void;
}

export type FoldFactory = (handle: TaskHandle) => Fold;
