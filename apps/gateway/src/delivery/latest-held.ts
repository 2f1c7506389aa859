// Of what one reader was told, seen from the newest to the oldest: of each sender the latest that is news. Invariant: as if it had been
// seen in the order of places, each after what came before it. What is no suspect decides at once; a suspect is pending until
// something before it shows that it is known, or nothing can any more.
import type { HeldNews } from './held-news.js';

export class LatestHeld {
  /** By the sender's number: what is told of them. */
  readonly #decided = new Map<number, number | undefined>();
  /** By the sender's number: suspects that nothing has shown to be known, the newest first. */
  readonly #pending = new Map<number, number[]>();
  #older = 0;
  /** None that is decided stands behind another that is older. */
  #isInOrder = true;

  constructor(private readonly held: HeldNews) {}

  /** Of the suspects that are pending, the worst. */
  get pending(): 'none' | 'same' | 'older' {
    if (this.#pending.size === 0) return 'none';
    return this.#older > 0 ? 'older' : 'same';
  }

  /** `isAsked`: it is told if it is news. */
  see(number: number, isAsked: boolean): void {
    const { held } = this;
    const row = held.rowOf(number);
    const pending = this.#pending.get(row);
    if (pending === undefined && (!isAsked || this.#decided.has(row))) return;
    const suspicion = held.suspicionOf(number);
    if (pending === undefined && suspicion === 'none') {
      this.#decided.set(row, number);
      return;
    }
    const news = pending?.filter((later) => !held.isKnownBy(later, number)) ?? [];
    if (isAsked && (suspicion === 'none' ? news.length === 0 : true)) news.push(number);
    this.#older += this.#olderOf(suspicion === 'none' ? [] : news) - this.#olderOf(pending ?? []);
    if (suspicion !== 'none' && news.length > 0) {
      this.#pending.set(row, news);
      return;
    }
    this.#pending.delete(row);
    if (pending !== undefined) this.#isInOrder = false;
    // Nothing that came before what is no suspect is as new.
    if (suspicion === 'none') this.#decided.set(row, news[0]);
  }

  /** All that is told, the oldest first. Nothing more is seen. */
  numbers(): number[] {
    const numbers = [...this.#decided.values()].filter((number) => number !== undefined);
    if (this.#isInOrder && this.#pending.size === 0) return numbers.reverse();
    for (const [newest] of this.#pending.values()) if (newest !== undefined) numbers.push(newest);
    return numbers.sort((a, b) => a - b);
  }

  #olderOf(numbers: readonly number[]): number {
    return numbers.filter((number) => this.held.suspicionOf(number) === 'older').length;
  }
}
