// Requests that wait: long polls and streams. Invariant: bounded per user and in all; a user's one too many completes that
// user's oldest, and when the gateway stops all are completed. It stands apart because a wait must end for four reasons
// (news, its time, its client gone, its place needed) and leave nothing behind.
import type { Clock } from '#libs/event-log';

export interface WaitingOptions {
  readonly clock: Clock;
  readonly maxPerUser: number;
  readonly max: number;
  /** How many wait now, whenever that changes. */
  readonly onSize?: (size: number) => void;
}

type Why = 'time' | 'full' | 'stopping' | 'gone';

/** A place among those who wait. It ends when the wait is over for any reason but news. */
export class Place {
  #why: Why | undefined;
  #onEnd: (() => void) | undefined;
  #controller: AbortController | undefined;
  #hasLeft = false;

  constructor(
    private readonly places: Set<Place>,
    private readonly onLeft: () => void,
  ) {}

  /** Why it has ended, if it has: `full` and `stopping` complete the request, `gone` has nobody to answer. */
  ended(): Why | undefined {
    return this.#why;
  }

  end(why: Why): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    this.#controller?.abort();
    this.#onEnd?.();
  }

  /** Called when it ends, by whoever waits without a signal; the last one given counts, and none after `leave`. */
  onEnd(listener: () => void): void {
    this.#onEnd = listener;
  }

  /** Fires when it ends. Made when somebody asks: a poll in ten thousand needs one. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#why !== undefined) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#onEnd = undefined;
    this.places.delete(this);
    this.onLeft();
  }
}

export class Waiting {
  readonly #byUser = new Map<string, Set<Place>>();
  #size = 0;
  #stopped = false;

  constructor(private readonly options: WaitingOptions) {}

  get size(): number {
    return this.#size;
  }

  /** `untilMs` = Infinity for a stream. `full`: too many wait here. */
  enter(user: string, untilMs: number): Place | 'full' {
    if (this.#size >= this.options.max) return 'full';
    const places = this.#byUser.get(user) ?? new Set<Place>();
    const place = new Place(places, () => {
      cancel?.();
      this.#resize(-1);
      if (places.size === 0 && this.#byUser.get(user) === places) this.#byUser.delete(user);
    });
    const cancel =
      untilMs === Infinity
        ? undefined
        : this.options.clock.wakeAt(untilMs, () => {
            place.end('time');
          });
    this.#byUser.set(user, places);
    places.add(place);
    this.#resize(1);
    if (places.size > this.options.maxPerUser) [...places][0]?.end('full');
    if (this.#stopped) place.end('stopping');
    return place;
  }

  /** Everybody's wait is over, and so is whoever comes yet. */
  stop(): void {
    this.#stopped = true;
    for (const places of [...this.#byUser.values()]) for (const place of [...places]) place.end('stopping');
  }

  #resize(by: 1 | -1): void {
    this.#size += by;
    this.options.onSize?.(this.#size);
  }
}
