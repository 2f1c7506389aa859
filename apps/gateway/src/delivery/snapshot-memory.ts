// What a snapshot told, kept for as long as it is young: states so fresh that their frames were still on the way are not told
// twice. Invariant: only a frame made from memberships that the snapshot had seen is held back, and only for the token of that
// very snapshot; whoever has forgotten it (later, another gateway, too many) tells once more, which does no harm.
import type { News } from './news.js';
import { compareStamps, type Stamp } from './position.js';
import type { SnapshotMark } from './since-token.js';

export interface RememberedSnapshot {
  readonly userId: string;
  readonly atMs: number;
  /** Grows while the snapshot is young. */
  readonly told: Map<string, Stamp>;
  readonly memberships: readonly number[];
  readonly rooms: readonly number[];
  /** When who went offline unseen is looked for next; moves on, for all polls of the snapshot together. */
  lookAtMs: number;
}

/** States changed within so long before a snapshot may have frames on the way. */
export const FRESH_MS = 60_000;
/** For so long a snapshot is young. */
export const YOUNG_MS = 75_000;
const MAX_SNAPSHOTS = 20_000;
/** In all of them, some 90 bytes each: a room of thousands that comes at once would remember every pair. */
const MAX_STAMPS = 500_000;

interface Remembered {
  readonly snapshot: RememberedSnapshot;
  /** As many as were counted of it. */
  readonly stamps: number;
}

export class SnapshotMemory {
  readonly #snapshots = new Map<string, Remembered>();
  #stamps = 0;
  #next: number;

  /** `first` differs between gateways, so that one's names mean nothing to another. */
  constructor(first: number) {
    this.#next = first;
  }

  remember(snapshot: RememberedSnapshot): SnapshotMark {
    const name = this.#next.toString(36);
    this.#next += 1;
    const stamps = snapshot.told.size;
    this.#snapshots.set(name, { snapshot, stamps });
    this.#stamps += stamps;
    for (const [oldest, old] of this.#snapshots) {
      const isYoung = old.snapshot.atMs > snapshot.atMs - YOUNG_MS;
      if (oldest === name || (isYoung && this.#snapshots.size <= MAX_SNAPSHOTS && this.#stamps <= MAX_STAMPS)) break;
      this.#snapshots.delete(oldest);
      this.#stamps -= old.stamps;
    }
    return { atMs: snapshot.atMs, name };
  }

  find({ name }: SnapshotMark, userId: string): RememberedSnapshot | undefined {
    const snapshot = this.#snapshots.get(name)?.snapshot;
    return snapshot?.userId === userId ? snapshot : undefined;
  }
}

export function alreadyTold(news: News, snapshot: RememberedSnapshot): boolean {
  const told = snapshot.told.get(news.sender);
  return (
    told !== undefined && compareStamps(news, told) <= 0 && news.origin.within(snapshot.memberships, snapshot.rooms)
  );
}
