// Requests that wait: long polls and streams. Invariant: bounded per user and in all; a user's one too many completes that
// user's oldest, and when the gateway stops all are completed. It stands apart because a wait must end for four reasons
// (news, its time, its client gone, its place needed) and leave nothing behind.
import type { Clock } from '#libs/event-log';

export interface WaitingOptions {
  readonly clock: Clock;
  readonly maxPerUser: number;
  readonly max: number;
  /** How many wait now, whenever that changes. */
  readonly onSize: (size: number) => void;
}

/** A place among those who wait. Its signal fires when the wait is over for any reason but news. */
export interface Place {
  readonly signal: AbortSignal;
  /** Why the signal fired, if it has: `full` and `stopping` complete the request, `gone` has nobody to answer. */
  readonly ended: () => 'time' | 'full' | 'stopping' | 'gone' | undefined;
  readonly end: (why: 'gone') => void;
  readonly leave: () => void;
}

type Why = 'time' | 'full' | 'stopping' | 'gone';

export class Waiting {
  readonly #byUser = new Map<string, Set<(why: Why) => void>>();
  #size = 0;
  #stopped = false;

  constructor(private readonly options: WaitingOptions) {}

  get size(): number {
    return this.#size;
  }

  /** `untilMs` = Infinity for a stream. `full`: too many wait here. */
  enter(user: string, untilMs: number): Place | 'full' {
    if (this.#size >= this.options.max) return 'full';
    const controller = new AbortController();
    let why: Why | undefined;
    const end = (reason: Why): void => {
      if (why !== undefined) return;
      why = reason;
      controller.abort();
    };
    const cancel =
      untilMs === Infinity
        ? () => undefined
        : this.options.clock.wakeAt(untilMs, () => {
            end('time');
          });
    const places = this.#byUser.get(user) ?? new Set();
    this.#byUser.set(user, places);
    places.add(end);
    this.#resize(1);
    if (places.size > this.options.maxPerUser) [...places][0]?.('full');
    if (this.#stopped) end('stopping');
    const leave = (): void => {
      if (!places.delete(end)) return;
      this.#resize(-1);
      cancel();
      if (places.size === 0 && this.#byUser.get(user) === places) this.#byUser.delete(user);
    };
    return { signal: controller.signal, ended: () => why, end, leave };
  }

  /** Everybody's wait is over, and so is whoever comes yet. */
  stop(): void {
    this.#stopped = true;
    for (const places of [...this.#byUser.values()]) for (const end of [...places]) end('stopping');
  }

  #resize(by: 1 | -1): void {
    this.#size += by;
    this.options.onSize(this.#size);
  }
}
