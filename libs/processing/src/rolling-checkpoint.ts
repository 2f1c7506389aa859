// Which ids are kept only in memory, and how far back the next owner must re-fold for them. Invariant: every id that an
// input before the checkpoint moved has been written since. Sweeps write the longest-dirty ids a few at a time; when
// all that were dirty at a sweep's start are written, the checkpoint is where the inputs stood at that start.
import type { Limits } from './limits.js';
import type { Position } from './progress.js';

const NOWHERE = -1;
/** Swept records are at most a tenth of all that is written: one for every nine others. */
const OTHERS_PER_SWEPT = 9;
/** A sweep that is overdue, because hardly anything else is written, may also write one id for every ten inputs. */
const INPUTS_PER_OVERDUE = 10;
const SWEPT_AT_ONCE = 1_000;

/** What a closing batch did, for the sweep's pace. */
export interface BatchSize {
  readonly inputs: number;
  /** Records written, swept ones not counted. */
  readonly records: number;
  readonly nowMs: number;
}

export class RollingCheckpoint {
  // A list through typed arrays, the longest-dirty id first.
  #next = new Int32Array(1024);
  #previous = new Int32Array(1024);
  /** The sweep during which the id became dirty; 0 = it is clean. */
  #since = new Uint32Array(1024);
  #head = NOWHERE;
  #tail = NOWHERE;
  #size = 0;
  /** Dirty ids that this sweep must write. */
  #old = 0;
  #sweep = 1;
  #sweepSize = 0;
  #sweepInputs = 0;
  #sweepFrom: readonly Position[] = [];
  #sweepStartMs = 0;
  #checkpoint: readonly Position[] = [];
  #credit = 0;

  constructor(private readonly limits: Pick<Limits, 'sweepInputs' | 'sweepMs'>) {}

  /** Goes on from a stored checkpoint: what was re-folded from there to `positions` is dirty, and the first sweep's. */
  resume(checkpoint: readonly Position[], positions: readonly Position[], nowMs: number): void {
    this.#checkpoint = checkpoint;
    this.#startSweep(positions, nowMs);
  }

  /** Everything before these positions is in what was written. */
  get positions(): readonly Position[] {
    return this.#checkpoint;
  }

  get dirty(): number {
    return this.#size;
  }

  get sweepStartMs(): number {
    return this.#sweepStartMs;
  }

  /** The longest-dirty id; −1 = none. */
  get oldest(): number {
    return this.#head;
  }

  markDirty(id: number): void {
    if (id >= this.#since.length) this.#grow(id);
    if (this.#since[id] !== 0) return;
    this.#since[id] = this.#sweep;
    this.#previous[id] = this.#tail;
    this.#next[id] = NOWHERE;
    if (this.#tail === NOWHERE) this.#head = id;
    else this.#next[this.#tail] = id;
    this.#tail = id;
    this.#size += 1;
  }

  markSaved(id: number): void {
    const since = this.#since[id] ?? 0;
    if (since === 0) return;
    const next = this.#next[id]!;
    const previous = this.#previous[id]!;
    if (previous === NOWHERE) this.#head = next;
    else this.#next[previous] = next;
    if (next === NOWHERE) this.#tail = previous;
    else this.#previous[next] = previous;
    this.#since[id] = 0;
    this.#size -= 1;
    if (since < this.#sweep) this.#old -= 1;
  }

  /** How many of the longest-dirty ids this batch should write as well. */
  quota({ inputs, records, nowMs }: BatchSize): number {
    this.#sweepInputs += inputs;
    const passed = Math.min(
      this.#sweepInputs / this.limits.sweepInputs,
      (nowMs - this.#sweepStartMs) / this.limits.sweepMs,
    );
    this.#credit += records / OTHERS_PER_SWEPT;
    if (passed > 1) this.#credit += inputs / INPUTS_PER_OVERDUE;
    const behind = this.#old - Math.floor(this.#sweepSize * Math.max(0, 1 - passed));
    const count = Math.max(0, Math.min(behind, Math.floor(this.#credit), SWEPT_AT_ONCE));
    this.#credit = Math.min(this.#credit - count, SWEPT_AT_ONCE);
    return count;
  }

  /** Ends a batch that leaves the inputs at these positions; a sweep that is done moves the checkpoint. */
  endBatch(positions: readonly Position[], nowMs: number): void {
    if (this.#size === 0) this.#checkpoint = positions;
    else if (this.#old === 0) this.#checkpoint = this.#sweepFrom;
    else return;
    this.#startSweep(positions, nowMs);
  }

  /** All that is dirty now is this sweep's. */
  #startSweep(positions: readonly Position[], nowMs: number): void {
    this.#sweep += 1;
    this.#old = this.#size;
    this.#sweepSize = this.#size;
    this.#sweepInputs = 0;
    this.#sweepFrom = positions;
    this.#sweepStartMs = nowMs;
  }

  #grow(id: number): void {
    const capacity = Math.max(id + 1, this.#since.length * 2);
    const [next, previous, since] = [new Int32Array(capacity), new Int32Array(capacity), new Uint32Array(capacity)];
    next.set(this.#next);
    previous.set(this.#previous);
    since.set(this.#since);
    [this.#next, this.#previous, this.#since] = [next, previous, since];
  }
}
