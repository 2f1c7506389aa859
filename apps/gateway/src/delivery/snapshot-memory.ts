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
const MAX_SNAPSHOTS = 200_000;
/** In all of them, some 90 bytes each: a room of thousands that comes at once would remember every pair. */
const MAX_STAMPS = 500_000;

interface Remembered {
  readonly snapshot: RememberedSnapshot;
  /** When it came. */
  readonly stamps: number;
}

export class SnapshotMemory {
  /** By number, from the oldest on. Lists, since taking the first of a map out again and again walks over all that were taken. */
  #remembered: (Remembered | undefined)[] = [];
  /** In the list: what is before has been let go. */
  #first = 0;
  /** In the list: what is before has no stamps any more. */
  #firstStamped = 0;
  #stamps = 0;
  /** The number of the first in the list. */
  #base: number;

  /** `first` differs between gateways, so that one's names mean nothing to another. */
  constructor(first: number) {
    this.#base = first;
  }

  remember(snapshot: RememberedSnapshot): SnapshotMark {
    const number = this.#base + this.#remembered.length;
    const stamps = snapshot.told.size;
    this.#remembered.push({ snapshot, stamps });
    this.#stamps += stamps;
    const isTooMany = (): boolean => this.#remembered.length - this.#first > MAX_SNAPSHOTS;
    while (isTooMany() || this.#remembered[this.#first]!.snapshot.atMs <= snapshot.atMs - YOUNG_MS) this.#dropFirst();
    // Its mark stays known: a poll that finds none begins another.
    while (this.#stamps > MAX_STAMPS && this.#firstStamped < this.#remembered.length - 1) {
      this.#remembered[this.#firstStamped]!.snapshot.told.clear();
      this.#dropFirstStamps();
    }
    if (this.#first > 1_024 && this.#first * 2 > this.#remembered.length) this.#compact();
    return { atMs: snapshot.atMs, name: number.toString(36) };
  }

  find({ name }: SnapshotMark, userId: string): RememberedSnapshot | undefined {
    const index = Number.parseInt(name, 36) - this.#base;
    const snapshot = index >= this.#first ? this.#remembered[index]?.snapshot : undefined;
    return snapshot?.userId === userId ? snapshot : undefined;
  }

  #dropFirst(): void {
    if (this.#firstStamped === this.#first) this.#dropFirstStamps();
    this.#remembered[this.#first] = undefined;
    this.#first += 1;
  }

  #dropFirstStamps(): void {
    this.#stamps -= this.#remembered[this.#firstStamped]!.stamps;
    this.#firstStamped += 1;
  }

  #compact(): void {
    this.#remembered = this.#remembered.slice(this.#first);
    this.#base += this.#first;
    this.#firstStamped -= this.#first;
    this.#first = 0;
  }
}

export function alreadyTold(news: News, snapshot: RememberedSnapshot): boolean {
  const told = snapshot.told.get(news.sender);
  return (
    told !== undefined && compareStamps(news, told) <= 0 && news.origin.within(snapshot.memberships, snapshot.rooms)
  );
}
