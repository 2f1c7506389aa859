// One partition of the deliveries topic as this gateway has applied it: how far, and how far a snapshot may claim. Invariant: `safe`
// never lies behind a frame whose headers the views here have not reached, and never falls. It stands apart because this is
// the one place where positions are given out.
import type { FrameOrigin } from './frame-origin.js';
import type { ReadFrame } from './frame-records.js';
import { startOf, type Position } from './position.js';

export interface Reached {
  readonly position: Position;
  /** The log's time there, at the latest. */
  readonly timeMs: number;
}

interface Unreached extends Reached {
  readonly origin: FrameOrigin;
}

type IsReached = (origin: FrameOrigin) => boolean;

export class DeliveryPartition {
  #end: Reached;
  /** Frames that the views have not reached yet, with the place before each. */
  #unreached: Unreached[] = [];
  #reached: FrameOrigin | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(
    readonly index: number,
    startOffset: number,
    startedAtMs: number,
  ) {
    this.#end = { position: startOf(startOffset), timeMs: startedAtMs };
  }

  /** Everything before it has been applied. */
  get end(): Reached {
    return this.#end;
  }

  /** The place that a snapshot made of the present views may carry. */
  get safe(): Reached {
    return this.#unreached[0] ?? this.#end;
  }

  /** The frame at this offset was applied. */
  passFrame(offset: number, { origin, toldAtMs }: Omit<ReadFrame, 'entries'>, isReached: IsReached): void {
    if (!this.#knownReached(origin, isReached)) {
      const timeMs = Math.min(this.#end.timeMs, toldAtMs);
      this.#unreached.push({ position: this.#end.position, timeMs, origin });
    }
    this.#end = { position: startOf(offset + 1), timeMs: toldAtMs };
  }

  /** A batch was applied: positions move over what holds no frame. */
  finish(nextOffset: number): void {
    if (nextOffset > this.#end.position.offset) this.#end = { position: startOf(nextOffset), timeMs: this.#end.timeMs };
    for (const listener of this.#listeners) listener();
  }

  /** The views have moved on. */
  recheck(isReached: IsReached): void {
    let count = 0;
    while (count < this.#unreached.length) {
      const unreached = this.#unreached[count];
      if (unreached !== undefined && !this.#knownReached(unreached.origin, isReached)) break;
      count += 1;
    }
    if (count > 0) this.#unreached.splice(0, count);
  }

  onApplied(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #knownReached(origin: FrameOrigin, isReached: IsReached): boolean {
    if (origin === this.#reached) return true;
    if (!isReached(origin)) return false;
    this.#reached = origin;
    return true;
  }
}
