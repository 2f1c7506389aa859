// What a snapshot told beyond its position: states so fresh that their frames were still on the way. Invariant: only a frame
// made from memberships that the snapshot had seen is held back, and only for the token of that very snapshot; whoever has
// forgotten it (a minute later, another gateway) tells once more, which does no harm.
import type { News } from './news.js';
import { compareStamps, type Stamp } from './position.js';

export interface RememberedSnapshot {
  readonly userId: string;
  readonly atMs: number;
  readonly told: ReadonlyMap<string, Stamp>;
  readonly memberships: readonly number[];
  readonly rooms: readonly number[];
}

export const FRESH_MS = 60_000;
const MAX_SNAPSHOTS = 20_000;

export class SnapshotMemory {
  readonly #snapshots = new Map<string, RememberedSnapshot>();
  #next: number;

  /** `first` differs between gateways, so that one's names mean nothing to another. */
  constructor(first: number) {
    this.#next = first;
  }

  remember(snapshot: RememberedSnapshot): string {
    const name = this.#next.toString(36);
    this.#next += 1;
    this.#snapshots.set(name, snapshot);
    for (const [oldest, { atMs }] of this.#snapshots) {
      if (this.#snapshots.size <= MAX_SNAPSHOTS && atMs > snapshot.atMs - FRESH_MS) break;
      this.#snapshots.delete(oldest);
    }
    return name;
  }

  find(name: string | undefined, userId: string, nowMs: number): RememberedSnapshot | undefined {
    const snapshot = name === undefined ? undefined : this.#snapshots.get(name);
    if (snapshot?.userId !== userId || snapshot.atMs <= nowMs - FRESH_MS) return undefined;
    return snapshot;
  }
}

export function alreadyTold(news: News, snapshot: RememberedSnapshot): boolean {
  const told = snapshot.told.get(news.sender);
  return (
    told !== undefined && compareStamps(news, told) <= 0 && news.origin.within(snapshot.memberships, snapshot.rooms)
  );
}
