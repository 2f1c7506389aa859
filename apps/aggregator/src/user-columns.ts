// The users of one partition: ids that are dense integers, and what is kept of each. Invariants: an id is given out once and
// never changes hands; a user is awake, an aggregate, from the first touch until `rest`, and otherwise packed; the columns
// hold what was last written to the states topic.
import type { Told } from '#libs/contracts';
import {
  Aggregate,
  NO_DEADLINE,
  NOWHERE,
  PackedAggregates,
  rearm,
  type ActivePart,
  type Bumped,
  type IdFound,
  type InputPosition,
  type Policy,
  type RegistersFound,
  type RenewalPart,
  type Taken,
} from '#libs/presence';
import type { KnownTexts } from './known-texts.js';
import { UserNames } from './user-names.js';

/** Nothing was written yet. */
export const UNWRITTEN = Number.NaN;

/** Matrix ids have at most 255 bytes. */
const MOST_NAME_BYTES = 255;
const scratch = Buffer.alloc(MOST_NAME_BYTES + 1);
/** Whoever is awake lies at −2 − its place among those. */
const AWAKE = NOWHERE - 1;
/** Aggregates kept for the next who wake. */
const MOST_IDLE = 2_048;

interface Awake {
  readonly id: number;
  readonly aggregate: Aggregate;
  /** Where it lay. */
  readonly before: number;
}

export class UserColumns {
  readonly #names = new UserNames();
  readonly #packed: PackedAggregates;
  /** Where each lies packed; NOWHERE = nothing was ever taken. */
  #where = new Int32Array(1024).fill(NOWHERE);
  #awake: Awake[] = [];
  readonly #idle: Aggregate[] = [];
  /** For one question after the other. */
  readonly #asked = new Aggregate();
  /** When the view last moved, milliseconds. */
  #changedAtMs = new Float64Array(1024).fill(UNWRITTEN);
  /** `last_active_ts` as it was last written; UNWRITTEN = none. */
  #writtenActiveMs = new Float64Array(1024).fill(UNWRITTEN);
  /** `last_active_ts` as the last change told it; UNWRITTEN = it told none, or is not known. */
  #toldActiveMs = new Float64Array(1024).fill(UNWRITTEN);

  constructor(texts: KnownTexts) {
    this.#packed = new PackedAggregates((bytes, start, end) => texts.of(bytes, start, end));
  }

  get size(): number {
    return this.#names.size;
  }

  get awake(): number {
    return this.#awake.length;
  }

  find(userId: string): number | undefined {
    const id = this.#names.find(scratch, 0, scratch.write(userId));
    return id < 0 ? undefined : id;
  }

  /** By the bytes of a name; −1 = nobody, or one whose name JSON does not write as it is. */
  findPlain(bytes: Uint8Array, start: number, end: number): number {
    return this.#names.findPlain(bytes, start, end);
  }

  idOf(userId: string): number {
    return this.#idOf(scratch, 0, scratch.write(userId));
  }

  /** −1 = no Matrix id is that long, or there is none. */
  idOfBytes(bytes: Uint8Array, start: number, end: number): number {
    return start < 0 || end - start > MOST_NAME_BYTES ? -1 : this.#idOf(bytes, start, end);
  }

  userId(id: number): string {
    return this.#names.text(id);
  }

  /** To be changed: the user is awake until `rest`. */
  aggregate(id: number): Aggregate {
    const where = this.#where[id]!;
    if (where <= AWAKE) return this.#awake[AWAKE - where]!.aggregate;
    const aggregate = this.#idle.pop() ?? new Aggregate();
    if (where !== NOWHERE) this.#packed.unpack(where, aggregate);
    this.#where[id] = AWAKE - this.#awake.length;
    this.#awake.push({ id, aggregate, before: where });
    return aggregate;
  }

  /** As it is now, until the next is asked for; what is changed of it counts only after `giveBack`. */
  borrow(id: number): Aggregate {
    const where = this.#where[id]!;
    if (where <= AWAKE) return this.#awake[AWAKE - where]!.aggregate;
    this.#asked.clear();
    if (where !== NOWHERE) this.#packed.unpack(where, this.#asked);
    return this.#asked;
  }

  giveBack(id: number, aggregate: Aggregate): void {
    if (aggregate === this.#asked) this.#where[id] = this.#packed.pack(aggregate, this.#where[id]!);
  }

  /** Packs whoever is awake. */
  rest(): void {
    for (const { id, aggregate, before } of this.#awake) {
      this.#where[id] = this.#packed.pack(aggregate, before);
      if (this.#idle.length >= MOST_IDLE) continue;
      aggregate.clear();
      this.#idle.push(aggregate);
    }
    this.#awake = [];
  }

  /** In place of what was there, of a user who is not awake. */
  restore(id: number, stored: Aggregate): void {
    this.#where[id] = this.#packed.pack(stored, this.#where[id]!);
  }

  restoreFound(id: number, found: RegistersFound): void {
    this.#where[id] = this.#packed.packFound(found, this.#where[id]!);
  }

  /** Recomputes the user's next deadline and tells it. */
  rearm(id: number, policy: Policy): number {
    const where = this.#where[id]!;
    if (where >= 0) return this.#packed.rearm(where, policy);
    if (where === NOWHERE) return NO_DEADLINE;
    const aggregate = this.aggregate(id);
    rearm(aggregate, policy);
    return aggregate.deadlineMs;
  }

  /** Activity of a user at rest that changes nothing shown, in place; undefined = it is not such a case, and nothing was done. */
  bump(id: number, device: IdFound, at: InputPosition): Bumped | undefined {
    const where = this.#where[id]!;
    return where < 0 ? undefined : this.#packed.bump(where, device, at);
  }

  /** A session of a user at rest that goes on, in place; returns the next deadline, NaN = as above. */
  renew(id: number, renewal: RenewalPart, at: InputPosition, policy: Policy): number {
    const where = this.#where[id]!;
    return where < 0 ? Number.NaN : this.#packed.renew(where, renewal, at, policy);
  }

  /** Activity that was taken before, of a user at rest, in place; undefined = it is not such a case. */
  absorb(id: number, active: ActivePart, at: InputPosition, policy: Policy): Taken | undefined {
    const where = this.#where[id]!;
    return where < 0 ? undefined : this.#packed.absorb(where, active, at, policy);
  }

  /** Of a user at rest: the latest pro-active event. */
  restingActiveMs(id: number): number {
    return this.#packed.lastProActiveMs(this.#where[id]!);
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

  setToldActiveMs(id: number, atMs: number): void {
    this.#toldActiveMs[id] = atMs;
  }

  /** What the user was told last and its state holds, as it is stored. */
  told(id: number): Told {
    const state = { activeAtMs: known(this.#writtenActiveMs[id]!) };
    return { atMs: known(this.#changedAtMs[id]!), activeAtMs: known(this.#toldActiveMs[id]!), state };
  }

  #idOf(bytes: Uint8Array, start: number, end: number): number {
    const found = this.#names.find(bytes, start, end);
    if (found >= 0) return found;
    const id = this.#names.add(bytes, start, end);
    if (id >= this.#changedAtMs.length) this.#grow(id * 2);
    return id;
  }

  #grow(capacity: number): void {
    const where = new Int32Array(capacity).fill(NOWHERE, this.#where.length);
    where.set(this.#where);
    this.#where = where;
    this.#changedAtMs = wider(this.#changedAtMs, capacity);
    this.#writtenActiveMs = wider(this.#writtenActiveMs, capacity);
    this.#toldActiveMs = wider(this.#toldActiveMs, capacity);
  }
}

function known(atMs: number): number | undefined {
  return Number.isNaN(atMs) ? undefined : atMs;
}

function wider(column: Float64Array<ArrayBuffer>, capacity: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(capacity).fill(UNWRITTEN, column.length);
  grown.set(column);
  return grown;
}
