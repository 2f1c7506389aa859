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
  PlainShown,
  PlainTimer,
  PlainTold,
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
  private lastTold: PlainShown = NOTHING;
  /** `last_active_ts` in the last view that was not offline. */
  private lastShownActiveMs: number | undefined;
  /** The last input's or change's time of effect: nothing happens before it any more. */
  private evaluatedAtMs = Number.NEGATIVE_INFINITY;
  private forgottenAtMs = Number.NEGATIVE_INFINITY;
  private readonly reachedMs = { activity: Number.NEGATIVE_INFINITY, commands: Number.NEGATIVE_INFINITY };
  private readonly appliedOffset = { activity: -1, commands: -1 };

  constructor(private readonly policy: PlainPolicy) {}

  /** Takes the next record: first the deadlines before it, then what it changes itself. */
  take(input: PlainInput): PlainTold[] {
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

  get exists(): boolean {
    return this.facts !== undefined;
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
    if (!differs(view, this.lastTold)) return undefined;
    this.version += 1;
    const { presence, status_msg, currently_active } = view;
    const before = this.lastTold;
    this.lastTold = { presence, status_msg, currently_active };
    return { kind: 'changed', life: this.life, version: this.version, at_ts: atMs, ...view, before, cause };
  }

  /**
   * Of the kinds of deadline that meet in one instant, those that have a part in the change: it would be a change with
   * this kind alone, the others still in the millisecond before; or another one with all but this kind.
   */
  private responsible(facts: Facts, timers: readonly PlainTimer[], atMs: number): readonly PlainTimer[] {
    const viewIf = (isDue: (timer: PlainTimer) => boolean): PlainView =>
      viewOf(facts, (timer, deadlineMs) => (isDue(timer) ? atMs : atMs - 1) >= deadlineMs, this.policy);
    const all = viewIf(() => true);
    const partners = timers.filter(
      (kind) =>
        differs(
          viewIf((timer) => timer === kind),
          this.lastTold,
        ) ||
        differs(
          viewIf((timer) => timer !== kind),
          all,
        ),
    );
    return partners.length > 0 ? partners : timers;
  }

  /** Section 8. Forgetting nobody ends no life, but activity from before is ignored all the same. */
  private forget(tMs: number, nowMs: number, cause: PlainCause): PlainTold[] {
    this.forgottenAtMs = tMs;
    if (this.facts === undefined) return [];
    const farewell = this.changeTo({ ...NOTHING, last_active_ts: this.lastShownActiveMs }, nowMs, cause);
    const erasure = { kind: 'forgotten', life: this.life, version: this.version, at_ts: nowMs, cause } as const;
    this.facts = undefined;
    this.life += 1;
    this.version = 0;
    this.lastTold = NOTHING;
    this.lastShownActiveMs = undefined;
    return farewell === undefined ? [erasure] : [farewell, erasure];
  }

  /** The same user once more, to try another order of what follows. */
  copy(): PlainModel {
    return Object.assign(new PlainModel(this.policy), structuredClone({ ...this }));
  }
}

function foldCommand(facts: Facts, record: Exclude<PlainCommand, { type: 'user.forget' }>, tMs: number): void {
  facts.firstInputAtMs = Math.min(facts.firstInputAtMs, tMs);
  if (record.type === 'presence.set') foldPut(facts, record, tMs);
  else facts.override = record.presence ?? undefined;
}

function differs(a: PlainShown, b: PlainShown): boolean {
  return a.presence !== b.presence || a.status_msg !== b.status_msg || a.currently_active !== b.currently_active;
}
