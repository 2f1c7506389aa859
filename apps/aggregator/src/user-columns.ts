// The users of one partition: ids that are dense integers, and what is kept of each beside the aggregate. Invariant: an
// id is given out once and never changes hands; the columns hold what was last written to the states topic.
import { Aggregate } from '#libs/presence';
import { UserNames } from './user-names.js';

/** Nothing was written yet. */
export const UNWRITTEN = Number.NaN;

/** Matrix ids have at most 255 bytes. */
const scratch = Buffer.alloc(256);

export class UserColumns {
  readonly #names = new UserNames();
  readonly #aggregates: Aggregate[] = [];
  /** When the view last moved, milliseconds. */
  #changedAtMs = new Float64Array(1024).fill(UNWRITTEN);
  /** `last_active_ts` as it was last written; UNWRITTEN = none. */
  #writtenActiveMs = new Float64Array(1024).fill(UNWRITTEN);
  /** `last_active_ts` as the last change told it; UNWRITTEN = it told none, or is not known. */
  #toldActiveMs = new Float64Array(1024).fill(UNWRITTEN);

  get size(): number {
    return this.#names.size;
  }

  find(userId: string): number | undefined {
    const id = this.#names.find(scratch, 0, scratch.write(userId));
    return id < 0 ? undefined : id;
  }

  /** By the bytes of a name; −1 = nobody, or one whose name JSON does not write as it is. */
  findPlain(bytes: Uint8Array, start: number, end: number): number {
    const id = this.#names.find(bytes, start, end);
    return id >= 0 && this.#names.isPlain(id) ? id : -1;
  }

  idOf(userId: string): number {
    const length = scratch.write(userId);
    const found = this.#names.find(scratch, 0, length);
    if (found >= 0) return found;
    const id = this.#names.add(scratch, 0, length);
    this.#aggregates.push(new Aggregate());
    if (id >= this.#changedAtMs.length) this.#grow(id * 2);
    return id;
  }

  userId(id: number): string {
    return this.#names.text(id);
  }

  aggregate(id: number): Aggregate {
    return this.#aggregates[id]!;
  }

  setAggregate(id: number, aggregate: Aggregate): void {
    this.#aggregates[id] = aggregate;
  }

  changedAtMs(id: number): number {
    return this.#changedAtMs[id]!;
  }

  setChangedAtMs(id: number, atMs: number): void {
    this.#changedAtMs[id] = atMs;
  }

  writtenActiveMs(id: number): number {
    return this.#writtenActiveMs[id]!;
  }

  setWrittenActiveMs(id: number, atMs: number): void {
    this.#writtenActiveMs[id] = atMs;
  }

  toldActiveMs(id: number): number {
    return this.#toldActiveMs[id]!;
  }

  setToldActiveMs(id: number, atMs: number): void {
    this.#toldActiveMs[id] = atMs;
  }

  #grow(capacity: number): void {
    this.#changedAtMs = wider(this.#changedAtMs, capacity);
    this.#writtenActiveMs = wider(this.#writtenActiveMs, capacity);
    this.#toldActiveMs = wider(this.#toldActiveMs, capacity);
  }
}

function wider(column: Float64Array<ArrayBuffer>, capacity: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(capacity).fill(UNWRITTEN, column.length);
  grown.set(column);
  return grown;
}
