// Taking inputs and firing deadlines, the only things that move an aggregate. Invariants: deadlines at or before an
// input's time are applied before the input; each change is told once, at its exact time, with the next version.
import { applyActivity } from './apply-activity.js';
import { exists, viewOf, type Aggregate } from './aggregate.js';
import type { ChangeSink, Timer } from './change.js';
import { applyCommand } from './command-register.js';
import { NO_DEADLINE, nextDeadline, timerAt } from './deadline.js';
import { SHOWS_NOTHING, activeShown, evaluate, lastActiveMs, rankShown, type Showing } from './evaluate.js';
import type { ActivityInput, CommandInput, InputPosition } from './inputs.js';
import type { Policy } from './policy.js';
import { RANK_OFFLINE } from './view.js';

/** What a fold goes by, the same for all users of a task. */
export interface Folding {
  readonly policy: Policy;
  readonly sink: ChangeSink;
}

/** Whether an input changed the registers: `duplicate` = its offset was applied before, `ignored` = from before a forget. */
export type Taken = 'taken' | 'duplicate' | 'ignored';

/** Takes a record of the activity topic: deadlines before it, the record, then the change it makes, if any. */
export function takeActivity(aggregate: Aggregate, input: ActivityInput, at: InputPosition, folding: Folding): Taken {
  if (at.offset <= aggregate.activity.appliedOffset) return 'duplicate';
  if (at.tMs <= aggregate.forgottenAtMs) {
    aggregate.activity.appliedOffset = at.offset;
    return 'ignored';
  }
  fireDeadlines(aggregate, at.tMs, folding);
  if (changesNothing(aggregate, input, at.tMs)) {
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

/**
 * Applies a record that was taken before, by an earlier owner of the log, and whose change, if it made one, is told and
 * stored (so is every `user.forget`, told or not): only the registers move. The topics may be absorbed one after the
 * other. Whoever absorbs calls `rearm` at the end.
 */
export function absorbActivity(aggregate: Aggregate, input: ActivityInput, at: InputPosition, policy: Policy): Taken {
  if (at.offset <= aggregate.activity.appliedOffset) return 'duplicate';
  if (at.tMs <= aggregate.forgottenAtMs) {
    aggregate.activity.appliedOffset = at.offset;
    return 'ignored';
  }
  applyActivity(aggregate.activity, input, at, policy);
  aggregate.evaluatedAtMs = Math.max(aggregate.evaluatedAtMs, at.tMs);
  return 'taken';
}

/** As `absorbActivity`, for the command topic. A forget is in the stored registers and never comes here anew. */
export function absorbCommand(aggregate: Aggregate, input: CommandInput, at: InputPosition): Taken {
  if (at.offset <= aggregate.commands.appliedOffset) return 'duplicate';
  if (input.type === 'user.forget') forget(aggregate, at, () => undefined);
  else {
    applyCommand(aggregate.commands, input, at);
    aggregate.evaluatedAtMs = Math.max(aggregate.evaluatedAtMs, at.tMs);
  }
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

/**
 * Activity that needs no evaluation, the most frequent input of all. Of a user who is shown active: it can raise no device above
 * what is shown, it lowers none, and every deadline that it makes or moves lies behind the one known (`idleAfter > activeFor`);
 * the known one may come to change nothing. Of a user who is shown offline: a device that claims nothing counts for nothing,
 * active or not (`deviceRank`), and before one claims something, which takes another input or a deadline that is known, no
 * deadline of activity can change what is shown.
 */
function changesNothing({ shown, evaluatedAtMs }: Aggregate, input: ActivityInput, tMs: number): boolean {
  if (input.type !== 'device.active' || input.agoMs! > 0 || tMs < evaluatedAtMs) return false;
  return activeShown(shown) || shown === SHOWS_NOTHING;
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
  const before = viewOf(aggregate.shown, aggregate.shownStatusMsg, Number.NaN);
  const offline = rankShown(showing) === RANK_OFFLINE;
  if (offline && rankShown(aggregate.shown) !== RANK_OFFLINE) aggregate.frozenActiveAtMs = activeBeforeMs;
  const { statusMsg } = aggregate.commands;
  aggregate.shown = showing;
  aggregate.shownStatusMsg = statusMsg;
  aggregate.version += 1;
  aggregate.evaluatedAtMs = atMs;
  const shownView = viewOf(showing, statusMsg, offline ? aggregate.frozenActiveAtMs : lastActiveMs(aggregate));
  const change = {
    kind: 'changed',
    life: aggregate.life,
    version: aggregate.version,
    atMs,
    view: shownView,
    before,
  } as const;
  sink(timer === undefined ? change : { ...change, timer });
}

/** Semantics.md section 8: a last change if anything is shown, then only the marker is left. */
function forget(aggregate: Aggregate, at: InputPosition, sink: ChangeSink): void {
  const atMs = Math.max(at.tMs, aggregate.evaluatedAtMs);
  const existed = exists(aggregate);
  const activeBeforeMs = lastActiveMs(aggregate);
  const { appliedOffset } = aggregate.activity;
  const { life } = aggregate;
  aggregate.commands.clear();
  aggregate.commands.appliedOffset = at.offset;
  if (aggregate.shown !== SHOWS_NOTHING || aggregate.shownStatusMsg !== undefined) {
    tell(aggregate, { showing: SHOWS_NOTHING, atMs, activeBeforeMs, timer: undefined }, sink);
  }
  if (existed) sink({ kind: 'forgotten', life, version: aggregate.version, atMs });
  aggregate.activity.clear();
  aggregate.activity.appliedOffset = appliedOffset;
  aggregate.life = existed ? life + 1 : life;
  aggregate.version = 0;
  aggregate.frozenActiveAtMs = Number.NaN;
  aggregate.evaluatedAtMs = atMs;
  aggregate.forgottenAtMs = at.tMs;
  aggregate.deadlineMs = NO_DEADLINE;
}
