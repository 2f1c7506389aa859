// The latest entries of one delivery partition with their recipients, for tokens of clients that this gateway does not know
// yet. Invariant: complete from `floor` on; bounded by the number of recipients, oldest frames first. Recipients are numbers
// in one ring of them: kept as texts they were most of what the collector had to move.
import type { News } from './news.js';
import { after, comparePositions, type Position } from './position.js';

interface Delivered {
  readonly news: News;
  /** Of its first recipient, counted from the beginning of time. */
  readonly at: number;
  readonly count: number;
}

const FIRST_RING = 256;

export class RecentFrames {
  #entries: Delivered[] = [];
  #first = 0;
  /** Recipient `n` lies at `n` modulo its length, a power of two. */
  #ring = new Int32Array(FIRST_RING);
  #added = 0;
  #dropped = 0;
  #droppedAtMs = -Infinity;

  constructor(
    public floor: Position,
    private readonly maxRecipients: number,
  ) {}

  add(news: News, to: Int32Array): void {
    const count = to.length;
    while (this.#added - this.#dropped + count > this.maxRecipients && this.#first < this.#entries.length)
      this.#dropFirst();
    if (count > this.maxRecipients) {
      this.#raise(news);
      return;
    }
    if (this.#added - this.#dropped + count > this.#ring.length) this.#grow(count);
    const mask = this.#ring.length - 1;
    this.#entries.push({ news, at: this.#added, count });
    for (let index = 0; index < count; index++) this.#ring[this.#added++ & mask] = to[index] as number;
    if (this.#first > 1_024 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Whether it holds everything that was told since then. */
  holdsSince(ms: number): boolean {
    return this.#droppedAtMs < ms;
  }

  /** What was delivered to a user from a place on, up to another, oldest first. */
  find(user: number, from: Position, to: Position): News[] {
    const found: News[] = [];
    for (let index = this.#firstAt(from); index < this.#entries.length; index += 1) {
      const entry = this.#entries[index];
      if (entry === undefined || comparePositions(entry.news.position, to) >= 0) break;
      if (this.#isTold(entry, user)) found.push(entry.news);
    }
    return found;
  }

  #isTold({ at, count }: Delivered, user: number): boolean {
    const ring = this.#ring;
    const mask = ring.length - 1;
    for (let place = at; place < at + count; place++) if (ring[place & mask] === user) return true;
    return false;
  }

  #grow(more: number): void {
    const old = this.#ring;
    let length = old.length;
    while (length < this.#added - this.#dropped + more) length *= 2;
    const ring = new Int32Array(length);
    for (let place = this.#dropped; place < this.#added; place++)
      ring[place & (length - 1)] = old[place & (old.length - 1)] as number;
    this.#ring = ring;
  }

  #firstAt(from: Position): number {
    let low = this.#first;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entries[middle];
      if (entry !== undefined && comparePositions(entry.news.position, from) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #dropFirst(): void {
    const entry = this.#entries[this.#first];
    this.#first += 1;
    if (entry === undefined) return;
    this.#dropped += entry.count;
    this.#raise(entry.news);
  }

  #raise({ position, origin }: News): void {
    this.floor = after(position);
    this.#droppedAtMs = origin.timestampMs;
  }
}
