// The latest entries of one delivery partition with their recipients, for tokens of clients that this gateway does not know
// yet. Invariant: complete from `floor` on; bounded by the number of recipients, oldest frames first.
import type { News } from './news.js';
import { after, comparePositions, type Position } from './position.js';

interface Delivered {
  readonly news: News;
  readonly to: readonly string[];
}

export class RecentFrames {
  #entries: Delivered[] = [];
  #first = 0;
  #recipients = 0;

  constructor(
    public floor: Position,
    private readonly maxRecipients: number,
  ) {}

  add(news: News, to: readonly string[]): void {
    this.#entries.push({ news, to });
    this.#recipients += to.length;
    while (this.#recipients > this.maxRecipients && this.#first < this.#entries.length) this.#dropFirst();
    if (this.#first > 1_024 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }

  /** What was delivered to a user from a place on, up to another, oldest first. */
  find(userId: string, from: Position, to: Position): News[] {
    const found: News[] = [];
    for (let index = this.#firstAt(from); index < this.#entries.length; index += 1) {
      const entry = this.#entries[index];
      if (entry === undefined || comparePositions(entry.news.position, to) >= 0) break;
      if (entry.to.includes(userId)) found.push(entry.news);
    }
    return found;
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
    this.#recipients -= entry.to.length;
    this.floor = after(entry.news.position);
  }
}
