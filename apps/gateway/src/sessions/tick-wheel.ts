// Calls back for things that are due, in ticks: one wake-up of the clock per tick however many are due. Invariant: never
// early, at most one tick late; nothing is armed while nothing waits.
import type { Clock } from '#libs/event-log';

export class TickWheel<T> {
  readonly #buckets = new Map<number, T[]>();
  #cancel: (() => void) | undefined;
  #armedFor = Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly tickMs: number,
    private readonly onDue: (thing: T) => void,
  ) {}

  /** The time at which it will be called back. */
  schedule(thing: T, atMs: number): number {
    const tick = Math.ceil(atMs / this.tickMs) * this.tickMs;
    const bucket = this.#buckets.get(tick);
    if (bucket === undefined) this.#buckets.set(tick, [thing]);
    else bucket.push(thing);
    if (tick < this.#armedFor) this.#arm(tick);
    return tick;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#buckets.clear();
    this.#armedFor = Infinity;
  }

  #arm(tick: number): void {
    this.#cancel?.();
    this.#armedFor = tick;
    this.#cancel = this.clock.wakeAt(tick, () => {
      this.#ring();
    });
  }

  #ring(): void {
    const nowMs = this.clock.nowMs();
    this.#armedFor = Infinity;
    const due = [...this.#buckets.keys()].filter((tick) => tick <= nowMs).sort((a, b) => a - b);
    for (const tick of due) {
      const bucket = this.#buckets.get(tick) ?? [];
      this.#buckets.delete(tick);
      for (const thing of bucket) this.onDue(thing);
    }
    const next = Math.min(...this.#buckets.keys());
    if (next < this.#armedFor) this.#arm(next);
  }
}
