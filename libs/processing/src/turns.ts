// Lets so many works go on at a time, in the order in which they came. Invariants: however a work ends, the next one begins; who
// stands still holds nobody up.
import type { Clock } from '#libs/event-log';

interface Work {
  /** Milliseconds: when it last told that it moves. */
  movedMs: number;
}

export class Turns {
  readonly #works = new Set<Work>();
  readonly #waiting: ((own: Work) => void)[] = [];
  #cancelLook: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly limits: {
      readonly atOnce: number;
      /** One that has not moved for so long is no longer counted. */
      readonly stallMs: number;
    },
  ) {}

  async run<T>(work: (moved: () => void) => Promise<T>): Promise<T> {
    const own = await new Promise<Work>((begin) => {
      this.#waiting.push(begin);
      this.#look();
    });
    try {
      return await work(() => (own.movedMs = this.clock.nowMs()));
    } finally {
      this.#works.delete(own);
      this.#look();
    }
  }

  /** Begins whoever may; looks again when the next may have come to a stand. */
  #look(): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    const nowMs = this.clock.nowMs();
    const { atOnce, stallMs } = this.limits;
    const moving = [...this.#works].filter(({ movedMs }) => movedMs + stallMs > nowMs);
    while (this.#waiting.length > 0 && moving.length < atOnce) {
      const own = { movedMs: nowMs };
      this.#works.add(own);
      moving.push(own);
      this.#waiting.shift()!(own);
    }
    if (this.#waiting.length === 0) return;
    const lookMs = Math.min(...moving.map(({ movedMs }) => movedMs)) + stallMs;
    this.#cancelLook = this.clock.wakeAt(lookMs, () => {
      this.#look();
    });
  }
}
