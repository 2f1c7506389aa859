// What tasks are made with, and what they need of whoever owns them. It stands apart because the task, its writer and
// its host all speak of it. Invariant: it is plain data and ports; nothing here does anything.
import type { Clock, EventLog } from '#libs/event-log';
import type { FoldFactory } from './fold.js';
import type { Limits } from './limits.js';
import type { Observer } from './observer.js';
import type { Policies } from './policies.js';
import type { Topology } from './progress.js';

/** What every task of an owner has in common. */
export interface TaskSettings {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly topology: Topology;
  readonly createFold: FoldFactory;
  readonly limits: Limits;
  readonly policies: Policies;
  readonly acceptLoss: boolean;
  readonly observer: Observer;
  /** Milliseconds that only ever grow, finer than the clock's: for how long folding takes. Absent: nobody asks. */
  readonly stopwatchMs?: () => number;
  /** For the offsets that lag tools look at. */
  readonly group: string;
  readonly transactionalIdOf: (partition: number) => string;
}

/** What a task needs of its owner. */
export interface TaskOwner {
  pause(topic: string, partition: number): void;
  resume(topic: string, partition: number): void;
  /** Time must be known to have passed. */
  wantEnds(): void;
  /** Runs what reads much, as soon as few others do; it is given what to call whenever it has got on. */
  inTurn<T>(read: (moved: () => void) => Promise<T>): Promise<T>;
  /** A transaction of this task is there. */
  committed(): void;
  /** Told once; the task is closing by itself and is of no use any more. */
  failed(error: Error): void;
}
