// The inputs of a partition under other timings than those in force, beside what happened. Invariant: with the same timings both are
// the same to the millisecond; a life that was ended since counts on neither side. Pure: whoever drives it brings the records.
import type { OrderPoint } from '#libs/contracts';
import {
  PRESENCE_BY_RANK,
  evaluate,
  nextDeadline,
  rankShown,
  type Aggregate,
  type Policy,
  type Presence,
} from '#libs/presence';
import { OnlineTime, type Span } from './online-time.js';
import type { PartitionRefold } from './partition-refold.js';

/** One user's window, as it was and as it would have been. */
export interface Compared {
  readonly userId: string;
  readonly was: OnlineTime;
  readonly would: OnlineTime;
}

/** What counts of a change. */
export interface HappenedChange {
  readonly kind: 'changed' | 'forgotten';
  readonly life: number;
  readonly version: number;
  readonly atMs: number;
  readonly presence: Presence;
}

export type Lack = 'activity' | 'commands' | 'nothing';

export class OtherPolicy {
  readonly #was = new Map<string, OnlineTime>();
  readonly #would = new Map<string, OnlineTime>();

  /** `shows` tells whose lives count. */
  constructor(
    private readonly refold: PartitionRefold,
    private readonly span: Span,
    private readonly shows: (userId: string, life: number) => boolean,
  ) {
    for (const [userId, aggregate] of refold.users) {
      if (!shows(userId, aggregate.life)) continue;
      this.#was.set(userId, new OnlineTime(span, presenceOf(aggregate)));
    }
  }

  /** From here on the other timings are in force: what they would have shown at the snapshot is where they begin. */
  begin(policy: Policy, reachedMs: number): void {
    for (const [userId, aggregate] of this.refold.users) {
      const atMs = Math.max(aggregate.evaluatedAtMs, reachedMs);
      if (atMs === -Infinity) continue;
      aggregate.shown = evaluate(aggregate, atMs, policy);
      aggregate.deadlineMs = nextDeadline(aggregate, atMs, policy);
      if (this.shows(userId, aggregate.life)) this.#would.set(userId, new OnlineTime(this.span, presenceOf(aggregate)));
    }
  }

  /** A change that happened, after the snapshot. */
  happened(userId: string, { kind, life, atMs, presence }: HappenedChange): void {
    if (kind === 'forgotten' || !this.shows(userId, life)) return;
    this.#of(this.#was, userId).move(atMs, presence);
  }

  /** Folds up to the point; says what lacks. */
  advance(point: OrderPoint): Lack {
    for (;;) {
      const reached = this.refold.advance(point);
      if (reached === 'told') this.#account();
      else return reached === 'there' ? 'nothing' : reached;
    }
  }

  /** All is folded: timers up to the window's end, and the outcome for everybody of whom anything was ever shown. */
  outcome(): readonly Compared[] {
    const { users } = this.refold;
    for (let id = 0; id < users.size; id += 1) {
      if (users.aggregate(id).deadlineMs > this.span.toMs) continue;
      this.refold.fire(id, this.span.toMs);
      this.#account();
    }
    return [...new Set([...this.#was.keys(), ...this.#would.keys()])].map((userId) => ({
      userId,
      was: this.#of(this.#was, userId).end(),
      would: this.#of(this.#would, userId).end(),
    }));
  }

  #account(): void {
    for (const { userId, change } of this.refold.told.splice(0)) {
      if (change.kind === 'changed' && this.shows(userId, change.life))
        this.#of(this.#would, userId).move(change.atMs, change.view.presence);
    }
  }

  /** Whoever is seen for the first time was offline before. */
  #of(times: Map<string, OnlineTime>, userId: string): OnlineTime {
    let found = times.get(userId);
    if (found === undefined) times.set(userId, (found = new OnlineTime(this.span, 'offline')));
    return found;
  }
}

function presenceOf({ shown }: Aggregate): Presence {
  return PRESENCE_BY_RANK[rankShown(shown)]!;
}
