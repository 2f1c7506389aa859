// So many per second and a burst, per key (the generic cell rate algorithm: one number a key). Invariant: the keys kept are
// only those that are not back to a full burst, so an idle user costs nothing.

export interface RateLimit {
  /** Takes one. 0 = taken; else milliseconds after which one will be free, and nothing was taken. */
  take(key: string, nowMs: number): number;
}

const SWEEP_AT = 10_000;

export class CellRateLimit implements RateLimit {
  readonly #fullAtMs = new Map<string, number>();
  readonly #intervalMs: number;
  #sweepAt = SWEEP_AT;

  constructor(
    perSecond: number,
    private readonly burst: number,
  ) {
    this.#intervalMs = 1_000 / perSecond;
  }

  take(key: string, nowMs: number): number {
    const fullAtMs = Math.max(nowMs, this.#fullAtMs.get(key) ?? 0);
    const waitMs = fullAtMs - nowMs - (this.burst - 1) * this.#intervalMs;
    if (waitMs > 1e-6) return waitMs;
    this.#fullAtMs.set(key, fullAtMs + this.#intervalMs);
    if (this.#fullAtMs.size > this.#sweepAt) this.#sweep(nowMs);
    return 0;
  }

  get size(): number {
    return this.#fullAtMs.size;
  }

  #sweep(nowMs: number): void {
    for (const [key, fullAtMs] of this.#fullAtMs) if (fullAtMs <= nowMs) this.#fullAtMs.delete(key);
    this.#sweepAt = Math.max(SWEEP_AT, 2 * this.#fullAtMs.size);
  }
}
