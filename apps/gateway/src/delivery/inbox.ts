// What is new for one recipient: the latest state per sender with its place in the delivery partition. Invariant: complete
// from `floor` on (for every sender the latest entry at or after it is here), in the order of places, never more than a
// bound: the oldest goes first and the floor rises over it. Any token at or after the floor is served from here, so all
// devices of a user share one inbox and a slow reader has nothing queued for it.
import type { News } from './news.js';
import { after, comparePositions, compareStamps, type Position } from './position.js';

export class Inbox {
  usedAtMs = 0;
  /** Requests that hold on to it. */
  holders = 0;
  readonly #latest = new Map<string, News>();
  /** In the order of places; entries that the map no longer names are superseded. */
  #order: News[] = [];
  readonly #listeners = new Set<() => void>();

  constructor(
    readonly userId: string,
    public floor: Position,
    private readonly maxSenders: number,
  ) {}

  get size(): number {
    return this.#latest.size;
  }

  /** `known`: not newer than what this recipient was told at an earlier place, under the same memberships. */
  put(news: News): 'news' | 'known' {
    const known = this.#latest.get(news.sender);
    if (known !== undefined) {
      const order = compareStamps(news, known);
      // The same version told again after rooms changed may be a join that asks for it; otherwise it is a repetition.
      if (order < 0 || (order === 0 && news.origin.sameRooms(known.origin))) return 'known';
    }
    this.#latest.set(news.sender, news);
    this.#order.push(news);
    if (this.#latest.size > this.maxSenders || this.#order.length > 2 * this.#latest.size + 16) this.#tidy();
    return 'news';
  }

  /** What this recipient was told last of a sender, as far as is known here. */
  latest(sender: string): News | undefined {
    return this.#latest.get(sender);
  }

  /** What came at or after a place, oldest first. */
  since(position: Position): News[] {
    const found: News[] = [];
    for (let index = this.#order.length - 1; index >= 0; index -= 1) {
      const news = this.#order[index];
      if (news === undefined || comparePositions(news.position, position) < 0) break;
      if (this.#latest.get(news.sender) === news) found.push(news);
    }
    return found.reverse();
  }

  /** Takes in what came before the present floor: older entries never replace newer ones. */
  extendBack(older: readonly News[], floor: Position): void {
    const newer = this.#order.filter((news) => this.#latest.get(news.sender) === news);
    this.#latest.clear();
    this.#order = [];
    this.floor = floor;
    for (const news of older) this.put(news);
    for (const news of newer) this.put(news);
  }

  /** Forgets what lies before a place and is older than a time: nobody who keeps up asks for it. */
  trim(position: Position, olderThanMs: number): void {
    const first = this.#order[0];
    if (
      first === undefined ||
      first.origin.timestampMs >= olderThanMs ||
      comparePositions(first.position, position) >= 0
    )
      return;
    let count = 0;
    for (const news of this.#order) {
      if (news.origin.timestampMs >= olderThanMs || comparePositions(news.position, position) >= 0) break;
      count += 1;
    }
    this.#drop(count);
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  wake(): void {
    for (const listener of this.#listeners) listener();
  }

  #tidy(): void {
    this.#order = this.#order.filter((news) => this.#latest.get(news.sender) === news);
    const excess = this.#order.length - this.maxSenders;
    if (excess > 0) this.#drop(Math.max(excess, Math.floor(this.maxSenders / 4)));
  }

  #drop(count: number): void {
    for (let index = 0; index < count; index += 1) {
      const news = this.#order[index];
      if (news === undefined) break;
      if (this.#latest.get(news.sender) === news) this.#latest.delete(news.sender);
      this.floor = after(news.position);
    }
    this.#order.splice(0, count);
  }
}
