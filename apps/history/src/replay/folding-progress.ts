// How far a re-fold of several partitions is, as one line on a terminal. Invariant: what it adds up is what each partition told last.
import { Progress } from '../progress.js';
import type { Surroundings } from '../surroundings.js';

export class FoldingProgress {
  readonly #progress: Progress;
  readonly #counts = new Map<number, readonly number[]>();

  /** `words` name what is counted, in the order of the counts. */
  constructor(
    surroundings: Surroundings,
    private readonly words: readonly string[],
  ) {
    this.#progress = new Progress(surroundings);
  }

  show(index: number, counts: readonly number[]): void {
    this.#counts.set(index, counts);
    this.#progress.show(() => this.#line());
  }

  note(sentence: string): Promise<void> {
    return this.#progress.note(sentence);
  }

  end(): Promise<void> {
    return this.#progress.end();
  }

  #line(): string {
    const sums = this.words.map((word, at) => {
      let sum = 0;
      for (const counts of this.#counts.values()) sum += counts[at] ?? 0;
      return `${sum.toLocaleString('en')} ${word}`;
    });
    return `${sums.join(', ')} of ${this.#counts.size} partitions`;
  }
}
