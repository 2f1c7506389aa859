// Time that passes only when a test says so. Invariant: nobody is called back before the time asked for; wakes happen in
// the order of their times, and of the asking at one time, so that a seed gives the same run every time.
import type { Clock } from '#libs/event-log';

interface Wake {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

export class SimulatedClock implements Clock {
  #nowMs: number;
  #order = 0;
  #wakes: Wake[] = [];
  #turn: NodeJS.Immediate | undefined;

  /** @param startMs milliseconds since the Unix epoch */
  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** For logs that take a function. */
  readonly now = (): number => this.#nowMs;

  wakeAt(atMs: number, callback: () => void): () => void {
    if (atMs === Infinity) return () => undefined;
    const wake: Wake = { atMs, order: this.#order++, callback };
    let place = this.#wakes.length;
    while (place > 0 && this.#wakes[place - 1]!.atMs > atMs) place -= 1;
    this.#wakes.splice(place, 0, wake);
    if (atMs <= this.#nowMs) this.#callDueSoon();
    return () => {
      const index = this.#wakes.indexOf(wake);
      if (index >= 0) this.#wakes.splice(index, 1);
    };
  }

  /** When the next callback is wanted; Infinity = never. */
  get nextWakeMs(): number {
    return this.#wakes[0]?.atMs ?? Infinity;
  }

  /** Sets the time, back as well; calls whoever is due then. */
  setTo(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#callDue();
  }

  /** Passes time forward, stopping at every wake so that its callback sees its own time. */
  advanceTo(nowMs: number): void {
    for (let next = this.#wakes[0]; next !== undefined && next.atMs <= nowMs; next = this.#wakes[0]) {
      if (next.atMs > this.#nowMs) this.#nowMs = next.atMs;
      this.#wakes.shift();
      next.callback();
    }
    if (nowMs > this.#nowMs) this.#nowMs = nowMs;
  }

  /** Passes time forward, letting everything that a wake set off (promises, reads) come to rest before the next one. */
  async runTo(nowMs: number, rest: () => Promise<void>): Promise<void> {
    await rest();
    while (this.nextWakeMs <= nowMs) {
      this.advanceTo(Math.max(this.nextWakeMs, this.#nowMs));
      await rest();
    }
    this.advanceTo(nowMs);
    await rest();
  }

  #callDue(): void {
    while ((this.#wakes[0]?.atMs ?? Infinity) <= this.#nowMs) this.#wakes.shift()!.callback();
  }

  /** What is due already when it is asked for is called in a turn of its own, as a real clock would. */
  #callDueSoon(): void {
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      this.#callDue();
    });
  }
}

/** Lets everything that can happen without time passing happen: so many turns of the event loop. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
