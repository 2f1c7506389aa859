// Who went offline unseen. A snapshot is made of this gateway's memberships, which may be ahead of the fan-out's: somebody whom
// it shows online may have gone offline before the fan-out took the join by which they share a room, and joins do not tell
// of who is plain offline. No frame ever comes then. Invariant: while a snapshot is young, and once when it no longer is,
// whoever went offline around it and was told neither by it nor by a frame is told from the view.
import { isPlainOffline, type MembershipsView, type PublicState, type StatesView } from '#libs/views';
import { compareStamps, type Stamp } from './position.js';
import { FRESH_MS, type RememberedSnapshot } from './snapshot-memory.js';

/** A frame gets so long to come first. */
const SETTLED_MS = 5_000;

export interface GoodbyesOptions {
  readonly states: StatesView;
  readonly memberships: MembershipsView;
  readonly userId: string;
  readonly snapshot: RememberedSnapshot;
  readonly nowMs: number;
  /** Takes out of stamps, by the sender's number, those of which the user was told as new since a time. */
  takeTold(sinceMs: number, stamps: Map<number, Stamp>): void;
}

export function missedGoodbyes(options: GoodbyesOptions): PublicState[] {
  const { states, memberships, userId, snapshot, nowMs } = options;
  const candidates = new Map<number, PublicState>();
  for (const other of memberships.interestedIn(userId)) {
    if (other === userId) continue;
    const state = states.get(other);
    if (state === undefined || (state.view !== undefined && !isPlainOffline(state.view))) continue;
    if (Math.abs(state.changedAtMs - snapshot.atMs) > FRESH_MS || state.changedAtMs > nowMs - SETTLED_MS) continue;
    const told = snapshot.told.get(other);
    if (told !== undefined && compareStamps(told, state) >= 0) continue;
    candidates.set(states.numbering.intern(other), state);
  }
  if (candidates.size > 0) options.takeTold(snapshot.atMs - FRESH_MS, candidates);
  return [...candidates.values()];
}
