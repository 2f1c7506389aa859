// One user's history as stretches, each in one state, with what it lasted and what ended it. Invariant: stretches follow each other
// without a gap from the first known moment of the window to its end, and their durations sum up to it. Pure.
import type { Cause, ChangeRecord } from '#libs/contracts';
import type { Presence } from '#libs/presence';
import type { PastView } from './past-view.js';

export interface StateStretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly presence: Presence;
  readonly currentlyActive: boolean;
  readonly statusMsg?: string;
  /** What began it; absent = it had begun before the window. */
  readonly cause?: Cause;
  /** The window's end is not the stretch's. */
  readonly isOpen: boolean;
}

export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** `before` is the view at the window's start; undefined = nothing was shown yet. */
export function stretchesIn(
  { fromMs, toMs }: Window,
  before: PastView | undefined,
  changes: readonly ChangeRecord[],
): readonly StateStretch[] {
  const stretches: StateStretch[] = [];
  let current: Omit<StateStretch, 'toMs' | 'isOpen'> | undefined =
    before === undefined ? undefined : { fromMs, ...stateOf(before.view) };
  for (const change of changes) {
    // Several changes at one instant leave stretches of no length: what led to the last of them is no state that anybody saw.
    if (current !== undefined && change.atMs > current.fromMs)
      stretches.push({ ...current, toMs: change.atMs, isOpen: false });
    current =
      change.kind === 'forgotten' ? undefined : { fromMs: change.atMs, ...stateOf(change.view), cause: change.cause };
  }
  if (current !== undefined && toMs > current.fromMs) stretches.push({ ...current, toMs, isOpen: true });
  return stretches;
}

function stateOf({
  presence,
  currentlyActive,
  statusMsg,
}: PastView['view']): Pick<StateStretch, 'presence' | 'currentlyActive' | 'statusMsg'> {
  return { presence, currentlyActive, ...(statusMsg === undefined ? {} : { statusMsg }) };
}

export interface Session {
  readonly fromMs: number;
  readonly toMs: number;
  /** It was under way when the window began, or is at its end. */
  readonly isOpen: boolean;
}

/** From becoming visible to being offline. */
export function sessionsOf(stretches: readonly StateStretch[], { fromMs }: Window): readonly Session[] {
  const sessions: Session[] = [];
  let from: number | undefined;
  for (const stretch of stretches) {
    if (stretch.presence === 'offline') {
      if (from !== undefined) sessions.push({ fromMs: from, toMs: stretch.fromMs, isOpen: from === fromMs });
      from = undefined;
    } else from ??= stretch.fromMs;
  }
  const last = stretches.at(-1);
  if (from !== undefined && last !== undefined) sessions.push({ fromMs: from, toMs: last.toMs, isOpen: true });
  return sessions;
}

/** Milliseconds in each state. */
export function durationsOf(stretches: readonly StateStretch[]): Readonly<Record<Presence, number>> {
  const durations = { online: 0, busy: 0, unavailable: 0, offline: 0 };
  for (const { presence, fromMs, toMs } of stretches) durations[presence] += toMs - fromMs;
  return durations;
}
