// The users of one partition: ids that are dense integers, and what is kept of each beside the aggregate. Invariant: an
// id is given out once and never changes hands; the columns hold what was last written to the states topic.
import { Aggregate } from '#libs/presence';

/** Nothing was written yet. */
export const UNWRITTEN = Number.NaN;

export class UserColumns {
  readonly #ids = new Map<string, number>();
  readonly #userIds: string[] = [];
  readonly #aggregates: Aggregate[] = [];
  /** When the view last moved, milliseconds. */
  #changedAtMs = new Float64Array(1024).fill(UNWRITTEN);
  /** `last_active_ts` as it was last written; UNWRITTEN = none. */
  #writtenActiveMs = new Float64Array(1024).fill(UNWRITTEN);
  /** `last_active_ts` as the last change told it; UNWRITTEN = it told none, or is not known. */
  #toldActiveMs = new Float64Array(1024).fill(UNWRITTEN);

  get size(): number {
    return this.#userIds.length;
  }

  find(userId: string): number | undefined {
    return this.#ids.get(userId);
  }

  idOf(userId: string): number {
    const found = this.#ids.get(userId);
    if (found !== undefined) return found;
    const id = this.#userIds.length;
    this.#ids.set(userId, id);
    this.#userIds.push(userId);
    this.#aggregates.push(new Aggregate());
    if (id >= this.#changedAtMs.length) this.#grow(id * 2);
    return id;
  }

  userId(id: number): string {
    return this.#userIds[id]!;
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
