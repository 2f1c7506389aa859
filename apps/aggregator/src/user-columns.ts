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

  #grow(capacity: number): void {
    const before = this.#changedAtMs.length;
    const columns = [this.#changedAtMs, this.#writtenActiveMs].map((column) => {
      const wider = new Float64Array(capacity).fill(UNWRITTEN, before);
      wider.set(column);
      return wider;
    });
    [this.#changedAtMs, this.#writtenActiveMs] = columns as [Float64Array<ArrayBuffer>, Float64Array<ArrayBuffer>];
  }
}
