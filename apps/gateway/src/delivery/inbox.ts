// What is new for one recipient: the latest state per sender with its place in the delivery partition. Invariant: complete
// from `floor` on (for every sender the latest entry at or after it is here), in the order of places, never more than a
// bound: the oldest goes first and the floor rises over it. Any token at or after the floor is served from here, so all
// devices of a user share one inbox and a slow reader has nothing queued for it.
import type { KeptNews } from './kept-news.js';
import type { News } from './news.js';
import { after, comparePositions, compareStamps, type Position } from './position.js';

/** The latest of one sender, and where it stands in the order. */
interface Slot {
  news: News;
  at: number;
}

/** Of each inbox, however much there is in all of them. */
const FAIR_SENDERS = 250;
/** Everybody who keeps up has been told what is older. */
const KEPT_MS = 60_000;

export interface InboxBounds {
  readonly maxSenders: number;
  /** Shared by all inboxes. */
  readonly kept: KeptNews;
}

export class Inbox {
  usedAtMs = 0;
  /** Requests that hold on to it. */
  holders = 0;
  readonly #latest = new Map<string, Slot>();
  /** In the order of places; what is superseded leaves a gap, so that tidying needs no look-ups. */
  #order: (Slot | undefined)[] = [];
  readonly #listeners = new Set<() => void>();

  constructor(
    readonly userId: string,
    public floor: Position,
    private readonly bounds: InboxBounds,
  ) {}

  get size(): number {
    return this.#latest.size;
  }

  /** `known`: not newer than what this recipient was told at an earlier place, under the same memberships. */
  put(news: News): 'news' | 'known' {
    const slot = this.#latest.get(news.sender);
    if (slot === undefined) {
      const first: Slot = { news, at: this.#order.length };
      this.#latest.set(news.sender, first);
      this.bounds.kept.count += 1;
      this.#order.push(first);
    } else {
      const known = slot.news;
      const order = compareStamps(news, known);
      // The same version told again after rooms changed may be a join that asks for it; otherwise it is a repetition.
      if (order < 0 || (order === 0 && news.origin.sameRooms(known.origin))) return 'known';
      this.#order[slot.at] = undefined;
      slot.news = news;
      slot.at = this.#order.length;
      this.#order.push(slot);
    }
    if (this.#latest.size > this.#most || this.#order.length > 2 * this.#latest.size + 16) this.#tidy();
    return 'news';
  }

  /** What this recipient was told last of a sender, as far as is known here. */
  latest(sender: string): News | undefined {
    return this.#latest.get(sender)?.news;
  }

  /** What came at or after a place, oldest first. */
  since(position: Position): News[] {
    const found: News[] = [];
    for (let index = this.#order.length - 1; index >= 0; index -= 1) {
      const news = this.#order[index]?.news;
      if (news === undefined) continue;
      if (comparePositions(news.position, position) < 0) break;
      found.push(news);
    }
    return found.reverse();
  }

  /** Takes in what came before the present floor: older entries never replace newer ones. */
  extendBack(older: readonly News[], floor: Position): void {
    const newer = this.#order.flatMap((slot) => slot?.news ?? []);
    this.discard();
    this.floor = floor;
    for (const news of older) this.put(news);
    for (const news of newer) this.put(news);
  }

  /** Nobody holds on to it any more. */
  discard(): void {
    this.bounds.kept.count -= this.#latest.size;
    this.#latest.clear();
    this.#order = [];
  }

  /** Forgets what lies before a place, and for how long it was there: nobody who keeps up asks for it. */
  trim(position: Position, nowMs: number): void {
    const olderThanMs = this.bounds.kept.isFull ? Infinity : nowMs - KEPT_MS;
    let count = 0;
    for (let index = 0; index < this.#order.length; index += 1) {
      const news = this.#order[index]?.news;
      if (news === undefined) continue;
      if (news.origin.timestampMs >= olderThanMs || comparePositions(news.position, position) >= 0) break;
      count = index + 1;
    }
    if (count > 0) this.#drop(count);
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  wake(): void {
    for (const listener of this.#listeners) listener();
  }

  get #most(): number {
    const { maxSenders, kept } = this.bounds;
    return kept.isFull ? Math.min(maxSenders, FAIR_SENDERS) : maxSenders;
  }

  #tidy(): void {
    this.#drop(0);
    const most = this.#most;
    const excess = this.#order.length - most;
    if (excess > 0) this.#drop(Math.max(excess, Math.floor(most / 4)));
  }

  /** The first so many, and all gaps. */
  #drop(count: number): void {
    const order = this.#order;
    let kept = 0;
    for (let index = 0; index < order.length; index += 1) {
      const slot = order[index];
      if (slot === undefined) continue;
      if (index < count) {
        this.#latest.delete(slot.news.sender);
        this.bounds.kept.count -= 1;
        this.floor = after(slot.news.position);
        continue;
      }
      slot.at = kept;
      order[kept++] = slot;
    }
    order.length = kept;
  }
}
