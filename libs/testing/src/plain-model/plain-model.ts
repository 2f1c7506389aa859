// A plain, slow model of one user's presence, written from the semantics alone: the oracle of the fault suites, and of
// libs/presence itself. Invariant: it takes records in the order given and makes the complete history, timers included
// (sections 3, 6 and 8); no cleverness, no dropping, and no import from any other room.
import { foldActivity, foldPut, noFacts, reachedAt, type Facts } from './facts.js';
import type {
  PlainCause,
  PlainChange,
  PlainCommand,
  PlainInput,
  PlainPolicy,
  PlainTimer,
  PlainView,
} from './record.js';
import { deadlinesOf, viewOf } from './view.js';

/** What counts as shown before a life's first change. */
const NOTHING: PlainView = {
  presence: 'offline',
  status_msg: undefined,
  currently_active: false,
  last_active_ts: undefined,
};

export class PlainModel {
  /** undefined = nobody: never heard of, or forgotten. */
  private facts: Facts | undefined;
  private life = 0;
  private version = 0;
  private lastChange: PlainView = NOTHING;
  /** `last_active_ts` in the last view that was not offline. */
  private lastShownActiveMs: number | undefined;
  /** The last input's or change's time of effect: nothing happens before it any more. */
  private evaluatedAtMs = Number.NEGATIVE_INFINITY;
  private forgottenAtMs = Number.NEGATIVE_INFINITY;
  private readonly reachedMs = { activity: Number.NEGATIVE_INFINITY, commands: Number.NEGATIVE_INFINITY };
  private readonly appliedOffset = { activity: -1, commands: -1 };

  constructor(private readonly policy: PlainPolicy) {}

  /** Takes the next record: first the deadlines before it, then what it changes itself. */
  take(input: PlainInput): PlainChange[] {
    const { topic, offset } = input;
    if (offset <= this.appliedOffset[topic]) return [];
    this.appliedOffset[topic] = offset;
    const tMs = Math.max(input.atMs, this.reachedMs[topic]);
    this.reachedMs[topic] = tMs;
    if (topic === 'activity' && tMs <= this.forgottenAtMs) return [];

    const nowMs = Math.max(tMs, this.evaluatedAtMs);
    const changes = this.passTo(nowMs);
    this.evaluatedAtMs = nowMs;
    const cause = { topic, offset };
    if (input.record.type === 'user.forget') return [...changes, ...this.forget(tMs, nowMs, cause)];

    this.facts ??= noFacts();
    if (input.topic === 'activity') foldActivity(this.facts, input.record, tMs, this.policy);
    else foldCommand(this.facts, input.record, tMs);
    const change = this.changeTo(this.look(this.facts, nowMs), nowMs, cause);
    return change === undefined ? changes : [...changes, change];
  }

  /** Lets time pass without input: what the deadlines up to and at `nowMs` change, each at its own time. */
  passTo(nowMs: number): PlainChange[] {
    const facts = this.facts;
    if (facts === undefined) return [];
    const due = deadlinesOf(facts, this.policy).filter(({ atMs }) => atMs > this.evaluatedAtMs && atMs <= nowMs);
    const changes: PlainChange[] = [];
    for (const atMs of [...new Set(due.map((deadline) => deadline.atMs))].sort((a, b) => a - b)) {
      const timers = due.filter((deadline) => deadline.atMs === atMs).map(({ timer }) => timer);
      const cause = { timers: this.responsible(facts, [...new Set(timers)], atMs) };
      const change = this.changeTo(this.look(facts, atMs), atMs, cause);
      if (change === undefined) continue;
      this.evaluatedAtMs = atMs;
      changes.push(change);
    }
    return changes;
  }

  /** The view at a time not before the last record's; undefined = there is no such user. Changes nothing. */
  viewAt(nowMs: number): PlainView | undefined {
    if (this.facts === undefined) return undefined;
    return this.heldBack(viewOf(this.facts, reachedAt(nowMs), this.policy));
  }

  private look(facts: Facts, nowMs: number): PlainView {
    const view = this.heldBack(viewOf(facts, reachedAt(nowMs), this.policy));
    this.lastShownActiveMs = view.last_active_ts;
    return view;
  }

  private heldBack(view: PlainView): PlainView {
    return view.presence === 'offline' ? { ...view, last_active_ts: this.lastShownActiveMs } : view;
  }

  private changeTo(view: PlainView, atMs: number, cause: PlainCause): PlainChange | undefined {
    if (!differs(view, this.lastChange)) return undefined;
    this.version += 1;
    const change = { life: this.life, version: this.version, at_ts: atMs, ...view, before: this.lastChange, cause };
    this.lastChange = view;
    return change;
  }

  /**
   * Of the kinds of deadline that meet in one instant, those that change the view on their own: for the others it is
   * still the millisecond before. All of them where only together they change it.
   */
  private responsible(facts: Facts, timers: readonly PlainTimer[], atMs: number): readonly PlainTimer[] {
    if (timers.length === 1) return timers;
    const alone = timers.filter((kind) => {
      const view = viewOf(facts, (timer, deadlineMs) => (timer === kind ? atMs : atMs - 1) >= deadlineMs, this.policy);
      return differs(view, this.lastChange);
    });
    return alone.length > 0 ? alone : timers;
  }

  /** Section 8. Forgetting nobody ends no life, but activity from before is ignored all the same. */
  private forget(tMs: number, nowMs: number, cause: PlainCause): PlainChange[] {
    const farewell = this.changeTo({ ...NOTHING, last_active_ts: this.lastShownActiveMs }, nowMs, cause);
    if (this.facts !== undefined) this.life += 1;
    this.facts = undefined;
    this.version = 0;
    this.lastChange = NOTHING;
    this.lastShownActiveMs = undefined;
    this.forgottenAtMs = tMs;
    return farewell === undefined ? [] : [farewell];
  }
}

function foldCommand(facts: Facts, record: Exclude<PlainCommand, { type: 'user.forget' }>, tMs: number): void {
  facts.firstInputAtMs = Math.min(facts.firstInputAtMs, tMs);
  if (record.type === 'presence.set') foldPut(facts, record, tMs);
  else facts.override = record.presence ?? undefined;
}

function differs(a: PlainView, b: PlainView): boolean {
  return a.presence !== b.presence || a.status_msg !== b.status_msg || a.currently_active !== b.currently_active;
}
