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

interface Counted {
  readonly told: RememberedSnapshot['told'];
  readonly stamps: number;
}

export class SnapshotMemory {
  readonly #snapshots = new Map<string, RememberedSnapshot>();
  /** Those that told of somebody, by name. */
  readonly #counted = new Map<string, Counted>();
  #stamps = 0;
  #next: number;

  /** `first` differs between gateways, so that one's names mean nothing to another. */
  constructor(first: number) {
    this.#next = first;
  }

  remember(snapshot: RememberedSnapshot): SnapshotMark {
    const name = this.#next.toString(36);
    this.#next += 1;
    this.#snapshots.set(name, snapshot);
    const { told } = snapshot;
    if (told.size > 0) this.#counted.set(name, { told, stamps: told.size });
    this.#stamps += told.size;
    for (const [oldest, { atMs }] of this.#snapshots) {
      if (this.#snapshots.size <= MAX_SNAPSHOTS && atMs > snapshot.atMs - YOUNG_MS) break;
      this.#snapshots.delete(oldest);
      this.#uncount(oldest);
    }
    // Its mark stays known: a poll that finds none begins another.
    for (const [oldest, counted] of this.#counted) {
      if (this.#stamps <= MAX_STAMPS || oldest === name) break;
      this.#uncount(oldest);
      counted.told.clear();
    }
    return { atMs: snapshot.atMs, name };
  }

  find({ name }: SnapshotMark, userId: string): RememberedSnapshot | undefined {
    const snapshot = this.#snapshots.get(name);
    return snapshot?.userId === userId ? snapshot : undefined;
  }

  #uncount(name: string): void {
    this.#stamps -= this.#counted.get(name)?.stamps ?? 0;
    this.#counted.delete(name);
  }
}

export function alreadyTold(news: News, snapshot: RememberedSnapshot): boolean {
  const told = snapshot.told.get(news.sender);
  return (
    told !== undefined && compareStamps(news, told) <= 0 && news.origin.within(snapshot.memberships, snapshot.rooms)
  );
}
