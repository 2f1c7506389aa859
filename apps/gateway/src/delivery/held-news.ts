// News of all delivery partitions in the order of their arrival, in columns: an object for each was what the collector had to move.
// Invariant: numbered without a gap; those from `first` up to `next` are here.
import type { Interner } from '#libs/interest';
import { VIEW_BITS, bitsOfView, viewOfBits } from '#libs/views';
import type { FrameOrigin } from './frame-origin.js';
import type { NumberedEntry } from './frame-records.js';
import { isRepeated, type News, type Place } from './news.js';
import { compareStamps, type Position, type Stamp } from './position.js';
import { SeenSenders, type Suspicion } from './seen-senders.js';

const AT_FIRST = 256;
const SUSPICIONS: readonly Suspicion[] = ['none', 'same', 'older'];

/** By number modulo their length, a power of two. */
class Columns {
  readonly partitions: Uint16Array;
  readonly offsets: Float64Array;
  readonly entries: Uint32Array;
  readonly toldAtMs: Float64Array;
  /** Of the first recipient. */
  readonly places: Float64Array;
  readonly rows: Uint32Array;
  readonly lives: Float64Array;
  readonly versions: Float64Array;
  /** Of the view, and above them the suspicion. */
  readonly flags: Uint8Array;
  /** NaN = absent. */
  readonly lastActiveAtMs: Float64Array;

  constructor(readonly length: number) {
    this.partitions = new Uint16Array(length);
    this.offsets = new Float64Array(length);
    this.entries = new Uint32Array(length);
    this.toldAtMs = new Float64Array(length);
    this.places = new Float64Array(length);
    this.rows = new Uint32Array(length);
    this.lives = new Float64Array(length);
    this.versions = new Float64Array(length);
    this.flags = new Uint8Array(length);
    this.lastActiveAtMs = new Float64Array(length);
  }

  copy(from: Columns, number: number): void {
    const [to, at] = [number & (this.length - 1), number & (from.length - 1)];
    this.partitions[to] = from.partitions[at]!;
    this.offsets[to] = from.offsets[at]!;
    this.entries[to] = from.entries[at]!;
    this.toldAtMs[to] = from.toldAtMs[at]!;
    this.places[to] = from.places[at]!;
    this.rows[to] = from.rows[at]!;
    this.lives[to] = from.lives[at]!;
    this.versions[to] = from.versions[at]!;
    this.flags[to] = from.flags[at]!;
    this.lastActiveAtMs[to] = from.lastActiveAtMs[at]!;
  }
}

export class HeldNews {
  first = 0;
  next = 0;
  /** In all status messages. */
  messageCharacters = 0;
  #columns = new Columns(AT_FIRST);
  /** In the same way; many share one. */
  #origins: (FrameOrigin | undefined)[] = new Array<undefined>(AT_FIRST).fill(undefined);
  /** By number: what few have. */
  readonly #messages = new Map<number, string>();
  readonly #traces = new Map<number, string>();
  readonly #seen: SeenSenders;

  constructor(
    private readonly users: Interner,
    partitions: number,
  ) {
    this.#seen = new SeenSenders(this, partitions);
  }

  get size(): number {
    return this.next - this.first;
  }

  /** One that is here, by the lowest 32 bits of its number. */
  numberOf(low: number): number {
    return this.first + ((low - this.first) >>> 0);
  }

  /** `place`: of its first recipient. */
  push(partition: number, entry: NumberedEntry, { position, origin, toldAtMs }: Place, place: number): number {
    if (this.size === this.#columns.length) this.#grow();
    const { news, row } = entry;
    const number = this.next;
    const view = news.kind === 'shown' ? news.view : undefined;
    const suspicion = SUSPICIONS.indexOf(this.#seen.see(row, news, partition, number));
    const [columns, slot] = [this.#columns, this.#slot(number)];
    columns.partitions[slot] = partition;
    columns.offsets[slot] = position.offset;
    columns.entries[slot] = position.entry;
    columns.toldAtMs[slot] = toldAtMs;
    columns.places[slot] = place;
    columns.rows[slot] = row;
    columns.lives[slot] = news.life;
    columns.versions[slot] = news.version;
    columns.flags[slot] = bitsOfView(view) | (suspicion << VIEW_BITS);
    columns.lastActiveAtMs[slot] = view?.lastActiveAtMs ?? NaN;
    this.#origins[slot] = origin;
    if (view?.statusMsg !== undefined) {
      this.#messages.set(number, view.statusMsg);
      this.messageCharacters += view.statusMsg.length;
    }
    if (news.traceparent !== undefined) this.#traces.set(number, news.traceparent);
    this.next += 1;
    return number;
  }

  /** Lets go of the first. */
  shift(): void {
    this.messageCharacters -= this.#messages.get(this.first)?.length ?? 0;
    this.#messages.delete(this.first);
    this.#traces.delete(this.first);
    this.#origins[this.#slot(this.first)] = undefined;
    this.first += 1;
  }

  partitionOf(number: number): number {
    return this.#columns.partitions[this.#slot(number)]!;
  }

  /** Of the same again: before this place nobody was told it. 0 = not known. */
  toldFirstAt(number: number): number {
    const first = this.numberOf(this.#seen.firstOf(this.rowOf(number)));
    return first < this.next ? this.placeOf(first) : 0;
  }

  clear(number: number): void {
    this.#columns.flags[this.#slot(number)]! &= (1 << VIEW_BITS) - 1;
  }

  suspicionOf(number: number): Suspicion {
    return SUSPICIONS[this.#columns.flags[this.#slot(number)]! >>> VIEW_BITS]!;
  }

  /** Told of the same sender after another one, it is no news. */
  isKnownBy(number: number, earlier: number): boolean {
    const order = compareStamps(this.stampOf(number), this.stampOf(earlier));
    return isRepeated(order, this.#originOf(number), this.#originOf(earlier));
  }

  placeOf(number: number): number {
    return this.#columns.places[this.#slot(number)]!;
  }

  /** The sender's number. */
  rowOf(number: number): number {
    return this.#columns.rows[this.#slot(number)]!;
  }

  lifeOf(number: number): number {
    return this.#columns.lives[this.#slot(number)]!;
  }

  versionOf(number: number): number {
    return this.#columns.versions[this.#slot(number)]!;
  }

  stampOf(number: number): Stamp {
    return { life: this.lifeOf(number), version: this.versionOf(number) };
  }

  toldAtMsOf(number: number): number {
    return this.#columns.toldAtMs[this.#slot(number)]!;
  }

  positionOf(number: number): Position {
    const slot = this.#slot(number);
    return { offset: this.#columns.offsets[slot]!, entry: this.#columns.entries[slot]! };
  }

  /** Negative: it lies before that position. */
  compare(number: number, { offset, entry }: Position): number {
    const slot = this.#slot(number);
    return this.#columns.offsets[slot]! - offset || this.#columns.entries[slot]! - entry;
  }

  newsOf(number: number): News {
    const [columns, slot] = [this.#columns, this.#slot(number)];
    const row = columns.rows[slot]!;
    return {
      sender: this.users.nameOf(row),
      row,
      life: columns.lives[slot]!,
      version: columns.versions[slot]!,
      view: viewOfBits(columns.flags[slot]!, this.#messages.get(number), columns.lastActiveAtMs[slot]!),
      traceparent: this.#traces.get(number),
      position: { offset: columns.offsets[slot]!, entry: columns.entries[slot]! },
      origin: this.#origins[slot]!,
      toldAtMs: columns.toldAtMs[slot]!,
    };
  }

  #originOf(number: number): FrameOrigin {
    return this.#origins[this.#slot(number)]!;
  }

  #slot(number: number): number {
    return number & (this.#columns.length - 1);
  }

  #grow(): void {
    const before = this.#columns;
    const columns = new Columns(before.length * 2);
    const origins = new Array<FrameOrigin | undefined>(columns.length).fill(undefined);
    for (let number = this.first; number < this.next; number++) {
      columns.copy(before, number);
      origins[number & (columns.length - 1)] = this.#origins[number & (before.length - 1)];
    }
    this.#columns = columns;
    this.#origins = origins;
  }
}
