// A decoded record of `presence.changes`: a change of the domain, whose it is, what made it, and what the task had
// taken of its inputs when it made it. Invariant: `applied` is enough to fold the inputs again in the same order.
import { type Static, Type } from '@sinclair/typebox';
import { type UserId } from '#libs/matrix';
import { type Forgotten, type Timer, type ViewChange } from '#libs/presence';
import { InputWord, Offset, TimerWord, optional } from '../format/words.js';
import { type InputWord as Input } from '../states/presence-progress-v1.js';

/** The input that made the change, or the timer. */
export type Cause = { readonly topic: Input; readonly offset: number } | { readonly timer: Timer };

/** Of each input topic-partition the last offset taken; absent = none yet. */
export interface Applied {
  readonly activity?: number;
  readonly commands?: number;
}

interface Circumstances {
  readonly userId: UserId;
  readonly cause: Cause;
  readonly applied: Applied;
}

export type ViewChangeRecord = Omit<ViewChange, 'timer'> & Circumstances;
export type ForgottenRecord = Forgotten & Circumstances;
export type ChangeRecord = ViewChangeRecord | ForgottenRecord;

export const StoredCause = Type.Union(
  [Type.Object({ topic: InputWord, offset: Offset }), Type.Object({ timer: TimerWord })],
  { description: 'a topic and offset, or a timer' },
);
export const StoredApplied = Type.Object(
  { activity: optional(Offset), commands: optional(Offset) },
  { description: 'the last offset taken of each input' },
);

export function causeOf(stored: Static<typeof StoredCause>): Cause {
  return 'timer' in stored ? { timer: stored.timer } : { topic: stored.topic, offset: stored.offset };
}

export function appliedOf({ activity, commands }: Static<typeof StoredApplied>): Applied {
  return {
    ...(activity === undefined || activity === null ? {} : { activity }),
    ...(commands === undefined || commands === null ? {} : { commands }),
  };
}
