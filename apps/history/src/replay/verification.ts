// The history held against the inputs: every change of a stretch of `presence.changes` must be the one that the inputs make, in its
// place. Invariant: the first difference ends it. Pure: whoever drives it brings records when it says which it lacks.
import type { ChangeRecord, OrderPoint } from '#libs/contracts';
import type { Aggregate } from '#libs/presence';
import { type Difference, missing, repeatedOrUnexpected, unequal, unreadable } from './difference.js';
import type { PartitionRefold } from './partition-refold.js';
import { RecordFeed } from './record-feed.js';
import { StoredChange } from './stored-change.js';

/** Where a stretch ends. */
export interface StretchEnd {
  /** Last offsets taken. */
  readonly point: OrderPoint;
  /** Every deadline at or before it has been applied; milliseconds, absent = not known. */
  readonly timersMs?: number;
  /** Everybody as they were then, if that is known. */
  readonly users?: ReadonlyMap<string, Aggregate>;
  /** The stretch begins under other timings, or after a loss: what is overdue then fires in no order. */
  readonly isAnew?: boolean;
  /** Changes later than this are not looked at, and nobody is missed; milliseconds. */
  readonly lastMs?: number;
}

export type Want = 'activity' | 'commands' | 'changes' | 'done';

export class Verification {
  readonly changes = new RecordFeed();
  /** Changes that were found as they must be. */
  verified = 0;
  difference: Difference | undefined;
  /** Before the first change of the stretch: those that the snapshot holds already. */
  #isBefore = true;
  /** Of the head of `changes`, when it has been looked at. */
  readonly #stored = new StoredChange();
  #isLookedAt = false;
  #isEnding = false;
  /** The latest timer that fired since the last input was taken. */
  readonly #timerPoint: [number, number] = [NaN, NaN];
  #timerMs = -Infinity;

  constructor(
    private readonly refold: PartitionRefold,
    private readonly end: StretchEnd,
  ) {}

  /** Works until records lack, a difference is found, or all is compared. */
  run(): Want {
    for (;;) {
      const want = this.#isEnding ? this.#finish() : this.#compareNext();
      if (want !== undefined) return want;
    }
  }

  /** Undefined = go on. */
  #compareNext(): Want | undefined {
    const { head } = this.changes;
    if (head === undefined) {
      if (!this.changes.isEnded) return 'changes';
      this.#isEnding = true;
      return undefined;
    }
    const stored = this.#stored;
    if (!this.#isLookedAt) stored.take(head);
    this.#isLookedAt = true;
    if (this.#isBefore && this.#isCovered(stored)) return this.#pass();
    this.#isBefore = false;
    const { point } = stored;
    if (point === undefined) return this.#differ(unreadable(head.offset, stored));
    if (this.refold.told.length > 0) return this.#match(head.offset, stored);
    if (this.#isBeyond(point)) return this.#close();
    if (this.refold.isPast(point)) return this.#differ(this.#outOfPlace(head.offset, stored));
    const reached = this.refold.advance(point);
    if (reached === 'told') return undefined;
    if (reached !== 'there') return reached;
    return this.#matchTimer(head.offset, stored, point);
  }

  #match(offset: number, stored: StoredChange): Want | undefined {
    const told = this.refold.told[0]!;
    const difference = stored.isWritten(told, this.refold.users.numbers)
      ? undefined
      : unequal(offset, stored, told, this.refold);
    if (difference !== undefined) return this.#differ(difference);
    this.refold.told.shift();
    this.verified += 1;
    return this.#pass();
  }

  /** All inputs that it names are taken and none told it: a timer must have. */
  #matchTimer(offset: number, stored: StoredChange, point: OrderPoint): Want | undefined {
    const atMs = stored.firedAtMs;
    if (!Number.isNaN(atMs)) {
      if (this.#isAfterEnd(stored, atMs, point)) return this.#close();
      if (this.#isAfterLaterTimer(atMs, point)) return this.#differ(this.#outOfPlace(offset, stored));
      this.refold.fire(stored.idIn(this.refold.users.numbers), atMs);
    }
    if (this.refold.told.length === 0) return this.#differ(this.#outOfPlace(offset, stored));
    return undefined;
  }

  /** Between two inputs timers fire in the order of their times, whosesoever they are. */
  #isAfterLaterTimer(atMs: number, point: OrderPoint): boolean {
    const isSamePoint = point[0] === this.#timerPoint[0] && point[1] === this.#timerPoint[1];
    const isLate = isSamePoint && atMs < this.#timerMs;
    [this.#timerPoint[0], this.#timerPoint[1]] = point;
    this.#timerMs = atMs;
    return isLate && !(this.end.isAnew === true && this.refold.inputs === 0);
  }

  #outOfPlace(offset: number, stored: StoredChange): Difference {
    return repeatedOrUnexpected(offset, stored, this.refold.users.get(stored.userId));
  }

  #pass(): undefined {
    this.changes.shift();
    this.#isLookedAt = false;
    return undefined;
  }

  #close(): undefined {
    this.#isEnding = true;
    return undefined;
  }

  #differ(difference: Difference): Want {
    this.difference = difference;
    return 'done';
  }

  /** The snapshot was made after this change. */
  #isCovered({ record, userId }: StoredChange): boolean {
    if (typeof record === 'string') return false;
    const aggregate = this.refold.users.get(userId);
    return aggregate !== undefined && isToldBy(record, aggregate);
  }

  #isBeyond([activity, commands]: OrderPoint): boolean {
    const { point, lastMs } = this.end;
    if (activity > point[0] || commands > point[1]) return true;
    const record = lastMs === undefined ? undefined : this.#stored.record;
    return record !== undefined && typeof record !== 'string' && record.atMs > lastMs!;
  }

  /** A timer at the very point at which the stretch ends: it fired before the end, or after it. */
  #isAfterEnd(stored: StoredChange, atMs: number, [activity, commands]: OrderPoint): boolean {
    const { point, timersMs, users } = this.end;
    if (activity !== point[0] || commands !== point[1]) return false;
    if (users === undefined) return timersMs === undefined || atMs > timersMs;
    const aggregate = users.get(stored.userId);
    const { record } = stored;
    return aggregate === undefined || typeof record === 'string' || !isToldBy(record, aggregate);
  }

  /** The log has no more of this stretch: the inputs must not have, either. */
  #finish(): Want {
    const { point, timersMs, users, lastMs } = this.end;
    const { refold } = this;
    const offset = this.changes.head?.offset ?? this.changes.position;
    if (refold.told.length === 0 && lastMs === undefined) {
      const reached = refold.advance(point);
      if (reached === 'activity' || reached === 'commands') return reached;
      if (reached === 'there' && timersMs !== undefined) refold.fireAll(timersMs);
      if (reached === 'there' && users !== undefined) this.#fireAsToldBy(users);
    }
    const told = refold.told[0];
    if (told !== undefined) this.difference = missing(offset, told);
    return 'done';
  }

  /** Whoever had a later version at the end than here lacks a change in the log. */
  #fireAsToldBy(users: ReadonlyMap<string, Aggregate>): void {
    for (const [userId, { life, version, evaluatedAtMs }] of users) {
      const id = this.refold.users.numbers.numberOf(userId);
      if (id < 0) continue;
      const here = this.refold.users.aggregate(id);
      if (here.life > life || (here.life === life && here.version >= version)) continue;
      this.refold.fire(id, evaluatedAtMs);
      if (this.refold.told.length > 0) return;
    }
  }
}

/** Whether what the aggregate tells is this change or a later one. */
export function isToldBy(
  record: Pick<ChangeRecord, 'kind' | 'life' | 'version'>,
  { life, version }: Aggregate,
): boolean {
  if (record.kind === 'forgotten') return record.life < life;
  return record.life < life || (record.life === life && record.version <= version);
}
