// One user: two registers, what was last told of them, and the times up to which that holds. Invariants: versions
// count from 1 in every life; nothing changes before the last evaluation; deadlines at or before an input's time are
// applied before the input. Mutable on purpose: this is the hot path.
import { ActivityRegister, NEVER, applyActivity } from './activity-register.js';
import type { ChangeSink, Timer } from './change.js';
import { CommandRegister, applyCommand } from './command-register.js';
import { NO_DEADLINE, nextDeadline, timerAt } from './deadline.js';
import { SHOWS_NOTHING, activeShown, evaluate, lastActiveMs, rankShown, type Showing } from './evaluate.js';
import type { ActivityInput, CommandInput, InputPosition } from './inputs.js';
import type { Policy } from './policy.js';
import { PRESENCE_BY_RANK, RANK_OFFLINE, type View } from './view.js';

export class Aggregate {
  activity = new ActivityRegister();
  commands = new CommandRegister();
  life = 0;
  /** The version of the last change in this life; 0 = none yet. */
  version = 0;
  /** What was last told; before the first change: offline, no message, not active. */
  shown: Showing = SHOWS_NOTHING;
  shownStatusMsg: string | undefined = undefined;
  /** `last_active_at` of the last view that was not offline; NaN = never visible. Shown while offline. */
  frozenActiveAtMs = Number.NaN;
  /** The latest of its inputs' effective times and its changes' times; nothing takes effect before. */
  evaluatedAtMs = NEVER;
  /** The time of the last `user.forget`: activity up to it is ignored. */
  forgottenAtMs = NEVER;
  /** Derived from the registers: the next instant at which the view may change. */
  deadlineMs = NO_DEADLINE;
}

/** What a fold goes by, the same for all users of a task. */
export interface Folding {
  readonly policy: Policy;
  readonly sink: ChangeSink;
}

/** Whether an input changed the registers: `duplicate` = its offset was applied before, `ignored` = from before a forget. */
export type Taken = 'taken' | 'duplicate' | 'ignored';

/** A user exists from the first input of a life on; before that the view is absent. */
export function exists(aggregate: Aggregate): boolean {
  return !Number.isNaN(aggregate.activity.firstAtMs) || !Number.isNaN(aggregate.commands.firstAtMs);
}

/** Takes a record of the activity topic: deadlines before it, the record, then the change it makes, if any. */
export function takeActivity(aggregate: Aggregate, input: ActivityInput, at: InputPosition, folding: Folding): Taken {
  if (at.offset <= aggregate.activity.appliedOffset) return 'duplicate';
  if (at.tMs <= aggregate.forgottenAtMs) {
    aggregate.activity.appliedOffset = at.offset;
    return 'ignored';
  }
  fireDeadlines(aggregate, at.tMs, folding);
  if (isBumpOfActive(aggregate, input, at.tMs)) {
    applyActivity(aggregate.activity, input, at, folding.policy);
    aggregate.evaluatedAtMs = at.tMs;
    return 'taken';
  }
  const activeBeforeMs = lastActiveMs(aggregate);
  applyActivity(aggregate.activity, input, at, folding.policy);
  settle(aggregate, at.tMs, activeBeforeMs, folding);
  return 'taken';
}

/** Takes a record of the command topic; `user.forget` ends the user's life. */
export function takeCommand(aggregate: Aggregate, input: CommandInput, at: InputPosition, folding: Folding): Taken {
  if (at.offset <= aggregate.commands.appliedOffset) return 'duplicate';
  fireDeadlines(aggregate, at.tMs, folding);
  if (input.type === 'user.forget') {
    forget(aggregate, at, folding.sink);
    return 'taken';
  }
  const activeBeforeMs = lastActiveMs(aggregate);
  applyCommand(aggregate.commands, input, at);
  settle(aggregate, at.tMs, activeBeforeMs, folding);
  return 'taken';
}

/** Applies all deadlines at or before `nowMs`, each at its own time. */
export function fireDeadlines(aggregate: Aggregate, nowMs: number, { policy, sink }: Folding): void {
  while (aggregate.deadlineMs <= nowMs) {
    const atMs = aggregate.deadlineMs;
    const showing = evaluate(aggregate, atMs, policy);
    if (showing !== aggregate.shown) {
      const presenceChanged = rankShown(showing) !== rankShown(aggregate.shown);
      const timer = timerAt(aggregate, atMs, presenceChanged, policy);
      tell(aggregate, { showing, atMs, activeBeforeMs: lastActiveMs(aggregate), timer }, sink);
    }
    aggregate.deadlineMs = nextDeadline(aggregate, atMs, policy);
  }
}

/** What others see at `nowMs` (at or after the last evaluation); undefined = absent, which is not offline. */
export function viewAt(aggregate: Aggregate, nowMs: number, policy: Policy): View | undefined {
  if (!exists(aggregate)) return undefined;
  const showing = evaluate(aggregate, nowMs, policy);
  const hidden = rankShown(showing) === RANK_OFFLINE && rankShown(aggregate.shown) === RANK_OFFLINE;
  return view(showing, aggregate.commands.statusMsg, hidden ? aggregate.frozenActiveAtMs : lastActiveMs(aggregate));
}

/** Recomputes what is derived, after the registers were restored. */
export function rearm(aggregate: Aggregate, policy: Policy): void {
  aggregate.deadlineMs = nextDeadline(aggregate, aggregate.evaluatedAtMs, policy);
}

/**
 * Activity of a user who is shown active already, the most frequent input of all: it can raise no device above what is
 * shown, it lowers none, and every deadline that it makes or moves lies behind the one known (`idleAfter > activeFor`).
 * So nothing needs to be evaluated; the known deadline may come to change nothing.
 */
function isBumpOfActive({ shown, evaluatedAtMs }: Aggregate, input: ActivityInput, tMs: number): boolean {
  return input.type === 'device.active' && activeShown(shown) && !(input.agoMs! > 0) && tMs >= evaluatedAtMs;
}

function settle(aggregate: Aggregate, tMs: number, activeBeforeMs: number, { policy, sink }: Folding): void {
  if (tMs > aggregate.evaluatedAtMs) aggregate.evaluatedAtMs = tMs;
  const atMs = aggregate.evaluatedAtMs;
  const showing = evaluate(aggregate, atMs, policy);
  if (showing !== aggregate.shown || aggregate.commands.statusMsg !== aggregate.shownStatusMsg) {
    tell(aggregate, { showing, atMs, activeBeforeMs, timer: undefined }, sink);
  }
  aggregate.deadlineMs = nextDeadline(aggregate, atMs, policy);
}

interface Telling {
  readonly showing: Showing;
  readonly atMs: number;
  /** `last_active_at` as it was before what made this change. */
  readonly activeBeforeMs: number;
  readonly timer: Timer | undefined;
}

function tell(aggregate: Aggregate, { showing, atMs, activeBeforeMs, timer }: Telling, sink: ChangeSink): void {
  const before = view(aggregate.shown, aggregate.shownStatusMsg, Number.NaN);
  const offline = rankShown(showing) === RANK_OFFLINE;
  if (offline && rankShown(aggregate.shown) !== RANK_OFFLINE) aggregate.frozenActiveAtMs = activeBeforeMs;
  const { statusMsg } = aggregate.commands;
  aggregate.shown = showing;
  aggregate.shownStatusMsg = statusMsg;
  aggregate.version += 1;
  aggregate.evaluatedAtMs = atMs;
  const shownView = view(showing, statusMsg, offline ? aggregate.frozenActiveAtMs : lastActiveMs(aggregate));
  const change = { kind: 'changed', life: aggregate.life, version: aggregate.version, atMs, view: shownView, before } as const;
  sink(timer === undefined ? change : { ...change, timer });
}

/** Semantics.md section 8: a last change if anything is shown, then only the marker is left. */
function forget(aggregate: Aggregate, at: InputPosition, sink: ChangeSink): void {
  const atMs = Math.max(at.tMs, aggregate.evaluatedAtMs);
  const existed = exists(aggregate);
  const activeBeforeMs = lastActiveMs(aggregate);
  const { appliedOffset } = aggregate.activity;
  const { life } = aggregate;
  aggregate.commands = new CommandRegister();
  aggregate.commands.appliedOffset = at.offset;
  if (aggregate.shown !== SHOWS_NOTHING || aggregate.shownStatusMsg !== undefined) {
    tell(aggregate, { showing: SHOWS_NOTHING, atMs, activeBeforeMs, timer: undefined }, sink);
  }
  if (existed) sink({ kind: 'forgotten', life, version: aggregate.version, atMs });
  aggregate.activity = new ActivityRegister();
  aggregate.activity.appliedOffset = appliedOffset;
  aggregate.life = existed ? life + 1 : life;
  aggregate.version = 0;
  aggregate.frozenActiveAtMs = Number.NaN;
  aggregate.evaluatedAtMs = atMs;
  aggregate.forgottenAtMs = at.tMs;
  aggregate.deadlineMs = NO_DEADLINE;
}

function view(showing: Showing, statusMsg: string | undefined, lastActiveAtMs: number): View {
  const shown = { presence: PRESENCE_BY_RANK[rankShown(showing)]!, currentlyActive: activeShown(showing) };
  if (statusMsg === undefined) return Number.isNaN(lastActiveAtMs) ? shown : { ...shown, lastActiveAtMs };
  return Number.isNaN(lastActiveAtMs) ? { ...shown, statusMsg } : { ...shown, statusMsg, lastActiveAtMs };
}
