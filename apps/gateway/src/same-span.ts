// Calls back whoever is late, where all get the same span: they are due in the order in which they began, so that one wake-up of
// the clock, for the first, does for thousands. Invariant: never early; whoever has ended is not called and soon forgotten;
// nothing is armed while nothing waits.
import type { Clock } from '#libs/event-log';

/** One who waits. */
export interface Spanned {
  readonly dueMs: number;
  /** Absent: it has ended. */
  onLate: (() => void) | undefined;
}

const TIDY_AT = 1_024;

export class SameSpan {
  #line: Spanned[] = [];
  #first = 0;
  #cancel: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly spanMs: number,
  ) {}

  begin(onLate: () => void): Spanned {
    const spanned: Spanned = { dueMs: this.clock.nowMs() + this.spanMs, onLate };
    this.#line.push(spanned);
    if (this.#cancel === undefined) this.#arm(spanned.dueMs);
    return spanned;
  }

  end(spanned: Spanned): void {
    spanned.onLate = undefined;
    this.#forget();
  }

  /** Of those who have not ended, and of the ended between them; for tests. */
  get size(): number {
    return this.#line.length - this.#first;
  }

  #forget(): void {
    while (this.#first < this.#line.length && this.#line[this.#first]?.onLate === undefined) this.#first += 1;
    if (this.#first === this.#line.length) {
      this.#line = [];
      this.#first = 0;
      this.#cancel?.();
      this.#cancel = undefined;
    } else if (this.#first > TIDY_AT && this.#first * 2 > this.#line.length) {
      this.#line = this.#line.slice(this.#first);
      this.#first = 0;
    }
  }

  #arm(atMs: number): void {
    this.#cancel = this.clock.wakeAt(atMs, () => {
      this.#cancel = undefined;
      this.#ring();
    });
  }

  #ring(): void {
    const nowMs = this.clock.nowMs();
    const late: (() => void)[] = [];
    for (; this.#first < this.#line.length; this.#first += 1) {
      const spanned = this.#line[this.#first];
      if (spanned?.onLate === undefined) continue;
      if (spanned.dueMs > nowMs) break;
      late.push(spanned.onLate);
      spanned.onLate = undefined;
    }
    this.#forget();
    const next = this.#line[this.#first];
    if (next !== undefined) this.#arm(next.dueMs);
    for (const tell of late) tell();
  }
}
