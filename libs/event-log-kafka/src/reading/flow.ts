// One partition being read: where it stands and whether it may be read now. Invariant: what was asked for at another
// position or before a seek, a pause or a loss is never delivered: every ask remembers the position and the turn.
import type { RecordBatch } from '#libs/event-log';

const FIRST_REST_MS = 50;
const LONGEST_REST_MS = 1_000;

export class Flow {
  position: number;
  paused = false;
  /** Not read before its owner said from where. */
  ready: boolean;
  /** Grows with every seek, pause and loss. */
  turn = 0;
  lost = false;
  /** Nobody serves it now: it is not asked for. */
  resting = false;
  #restMs = FIRST_REST_MS;
  #faultySince: number | undefined;
  /** Where the stable end stands still behind what was written, and since when (`performance.now()`). */
  hidden: { readonly stableEnd: number; readonly since: number } | undefined;

  constructor(
    readonly topic: string,
    readonly partition: number,
    start: number | undefined,
  ) {
    this.position = start ?? 0;
    this.ready = start !== undefined;
  }

  get active(): boolean {
    return this.ready && !this.paused && !this.lost && !this.resting;
  }

  get name(): string {
    return `${this.topic}-${this.partition}`;
  }

  /** How long its faults have lasted, ms: leaders move in good health too. */
  get faultyMs(): number {
    this.#faultySince ??= performance.now();
    return performance.now() - this.#faultySince;
  }

  /** For how long, ms: longer each time until it is served again. */
  rest(): number {
    const restMs = this.#restMs;
    this.resting = true;
    this.#restMs = Math.min(LONGEST_REST_MS, restMs * 2);
    return restMs;
  }

  served(): void {
    this.#restMs = FIRST_REST_MS;
    this.#faultySince = undefined;
  }

  /** What the leader said about the partition's ends. */
  sawEnds(stableEnd: number, highWatermark: number): void {
    if (stableEnd >= highWatermark) this.hidden = undefined;
    else if (this.hidden?.stableEnd !== stableEnd) this.hidden = { stableEnd, since: performance.now() };
  }

  seek(offset: number): void {
    this.position = offset;
    this.turn += 1;
  }

  pause(): void {
    this.paused = true;
    this.turn += 1;
  }

  lose(): void {
    this.lost = true;
    this.turn += 1;
  }
}

/** A flow as it stood when it was asked for. */
export interface Ask {
  readonly flow: Flow;
  readonly position: number;
  readonly turn: number;
}

export const askFor = (flow: Flow): Ask => ({ flow, position: flow.position, turn: flow.turn });

export const stillWanted = ({ flow, position, turn }: Ask): boolean =>
  flow.active && flow.position === position && flow.turn === turn;

export const emptyBatch = ({ topic, partition }: Flow, nextOffset: number): RecordBatch => ({
  topic,
  partition,
  records: [],
  nextOffset,
});
