// News of one recipient in the order of their places, of each sender the latest. Invariant: what is older than what was told, and
// what is repeated under the same memberships, is no news.
import { isRepeated, type News } from './news.js';
import { comparePositions, compareStamps, type Position } from './position.js';

export class LatestNews {
  /** In the order of places. */
  readonly #latest = new Map<string, News>();

  get size(): number {
    return this.#latest.size;
  }

  put(news: News): void {
    const known = this.#latest.get(news.sender);
    if (known !== undefined) {
      if (isRepeated(compareStamps(news, known), news.origin, known.origin)) return;
      this.#latest.delete(news.sender);
    }
    this.#latest.set(news.sender, news);
  }

  of(sender: string): News | undefined {
    return this.#latest.get(sender);
  }

  /** What came at or after a place, oldest first. */
  since(position: Position): News[] {
    const found: News[] = [];
    for (const news of this.#latest.values()) if (comparePositions(news.position, position) >= 0) found.push(news);
    return found;
  }
}
