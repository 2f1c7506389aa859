// What a user may read of others' presence: a snapshot to begin with, and the news after a token. Invariant: a snapshot's
// token names a place whose every earlier frame the views here had reached when it was made (design.md section 8); what a
// token cannot say any more is made good by the fallback, so that nobody stays online for ever on somebody's screen.
import type { Clock } from '#libs/event-log';
import type { BusyName } from '#libs/matrix';
import { isPlainOffline, type MembershipsView, type PublicState, type StatesView } from '#libs/views';
import type { Deliveries, Followed, Recipient } from './deliveries.js';
import { isWanted, type Wanted } from './feed.js';
import { Follower, type FollowerSurroundings } from './follower.js';
import { EventTexts, eventText } from './event-texts.js';
import { NEVER, compareStamps, type Stamp } from './position.js';
import { identityOf, writeSinceToken, type SinceToken, type SnapshotMark } from './since-token.js';
import { FRESH_MS, type RememberedSnapshot, type SnapshotMemory } from './snapshot-memory.js';
import type { Snapshot } from './snapshot.js';
import type { OnTold } from './traced-news.js';

export interface PresenceNewsOptions {
  readonly clock: Clock;
  readonly states: StatesView;
  readonly memberships: MembershipsView;
  readonly deliveries: Deliveries;
  readonly memory: SnapshotMemory;
  readonly busyName: BusyName;
  readonly onTold?: OnTold;
  /** Somebody who waited was told from the views, since news was not kept. */
  readonly onBehind?: () => void;
  /** Identity of the deliveries topic. */
  readonly topicId: string;
}

/** `ahead`: this gateway has not come so far yet. `lost`: the token cannot be followed any more. */
export type Following = Follower | 'ahead' | 'lost';

/** The fallback goes back behind the token's time by this much. */
const FALLBACK_MARGIN_MS = 60_000;
const MAX_IDENTITIES = 500_000;

export class PresenceNews {
  /** Asked of every poll; by the user's number. */
  readonly #identities = new Map<number, string>();
  /** Of the last snapshots: they seldom move. */
  #positions: Pick<RememberedSnapshot, 'memberships' | 'rooms'> = { memberships: [], rooms: [] };

  /** One object for all followers: it stands in every poll's way. */
  readonly #shared: FollowerSurroundings;

  constructor(private readonly options: PresenceNewsOptions) {
    this.#shared = {
      ...options,
      texts: new EventTexts(options.busyName),
      // Whoever went offline too: when they did says nothing of when it would have been told.
      everything: (userId, wanted) => {
        options.onBehind?.();
        return this.fallback(userId, wanted, undefined);
      },
    };
  }

  /** What a first poll shows: everybody who shares a room with the user, and the user, unless plain offline. */
  snapshot(userId: string, wanted: Wanted): Snapshot {
    return this.#snapshot(userId, wanted, () => false);
  }

  /** For a token that cannot be followed any more: also whoever changed later than its time minus a minute, and the user's own state if it is newer than told. `undefined` = a token of which nothing is known. */
  fallback(userId: string, wanted: Wanted, token: SinceToken | undefined): Snapshot {
    if (token === undefined) return this.#snapshot(userId, wanted, () => true);
    const changedAfterMs = token.timeMs - FALLBACK_MARGIN_MS;
    return this.#snapshot(
      userId,
      wanted,
      (state) => state.changedAtMs > changedAfterMs || (state.userId === userId && compareStamps(state, token.own) > 0),
    );
  }

  /** `evenOffline`: who is shown though there is nothing to see of them. */
  #snapshot(userId: string, wanted: Wanted, evenOffline: (state: PublicState) => boolean): Snapshot {
    const { clock, states, memberships, deliveries, busyName } = this.options;
    const nowMs = clock.nowMs();
    const recipient = deliveries.recipient(userId);
    const { partition } = recipient;
    const shown: PublicState[] = [];
    const fresh = new Map<string, Stamp>();
    for (const other of memberships.interestedIn(userId)) {
      const state = states.get(other);
      if (state === undefined || !isWanted(wanted.passes, other)) continue;
      if (other !== userId && state.changedAtMs > nowMs - FRESH_MS) fresh.set(other, stampOf(state));
      if (state.view === undefined || isPlainOffline(state.view) ? evenOffline(state) : true) shown.push(state);
    }
    if (shown.length > wanted.limit) {
      shown.sort((a, b) => b.changedAtMs - a.changedAtMs);
      for (const { userId: cut } of shown.splice(wanted.limit)) fresh.delete(cut);
    }
    const token = {
      partition: partition.index,
      position: partition.safe.position,
      timeMs: partition.safe.timeMs,
      identity: this.#identityOf(recipient),
      own: stampOf(states.get(userId) ?? NEVER),
    };
    const texts = shown.map((state) => eventText(state.userId, state.view, nowMs, busyName));
    return { texts, token: { ...token, snapshot: this.#remember(userId, nowMs, fresh) } };
  }

  /** At once where memory reaches back so far. */
  follow(userId: string, token: SinceToken): Following | Promise<Following> {
    const { deliveries } = this.options;
    const recipient = deliveries.recipient(userId);
    if (token.partition !== recipient.partition.index || token.identity !== this.#identityOf(recipient)) return 'lost';
    const followed = deliveries.follow(recipient, token.position);
    return followed instanceof Promise
      ? followed.then((news) => this.#followFrom(news, recipient, token))
      : this.#followFrom(followed, recipient, token);
  }

  #followFrom(found: Followed, recipient: Recipient, token: SinceToken): Following {
    if (typeof found === 'string') return found;
    const shared = this.#shared;
    const { userId } = recipient;
    const mark = token.snapshot;
    if (mark === undefined) return new Follower({ shared, recipient, found, token, snapshot: undefined });
    const known = shared.memory.find(mark, userId);
    if (known !== undefined) return new Follower({ shared, recipient, found, token, snapshot: known });
    // Another gateway's snapshot, or one forgotten: nothing is known of what it told.
    const atMs = Math.min(mark.atMs, this.options.clock.nowMs());
    const begun = { ...token, snapshot: this.#remember(userId, atMs, new Map()) };
    const snapshot = shared.memory.find(begun.snapshot, userId);
    return new Follower({ shared, recipient, found, token: begun, snapshot });
  }

  /** Something of the user's own moved here before its delivery: waiting requests look again. */
  poke(userId: string): void {
    this.options.deliveries.poke(userId);
  }

  text(token: SinceToken): string {
    return writeSinceToken(token);
  }

  #identityOf({ number, userId }: Recipient): string {
    let identity = this.#identities.get(number);
    if (identity === undefined) {
      identity = identityOf(this.options.topicId, userId);
      if (this.#identities.size >= MAX_IDENTITIES) this.#identities.clear();
      this.#identities.set(number, identity);
    }
    return identity;
  }

  #remember(userId: string, atMs: number, told: Map<string, Stamp>): SnapshotMark {
    const { memberships, rooms } = this.options.memberships.positions;
    if (!isSame(memberships, this.#positions.memberships) || !isSame(rooms, this.#positions.rooms))
      this.#positions = { memberships: [...memberships], rooms: [...rooms] };
    return this.options.memory.remember({ userId, atMs, told, ...this.#positions, lookAtMs: atMs });
  }
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

function stampOf({ life, version }: Stamp): Stamp {
  return { life, version };
}
