// Very many sorted sets of integers in a few large pages. Invariant: whoever reads a set's values finds them in one slab,
// ascending, without repetition. A typed array of its own for every set would cost many times its values. To a large set
// newcomers are added behind its values, ascending among themselves, and sorted in a thousand at a time: one by one each
// would move half of the set (1,000,000 in no order: 33 → 0.9 s).
import { grownInt32, grownUint8 } from './columns.js';
import { Slabs, capacityOf } from './slabs.js';

const NOTHING = new Int32Array(0);
/** Packed anew when outgrown slabs hold this many integers, and more than a sixth of what the sets hold. */
const IDLE_WORTH_PACKING = 1 << 15;
/** A set of so many values has newcomers, at most so many. */
const LARGE = 1 << 13;
const MOST_NEWCOMERS = 1 << 10;

export class IntSets {
  #slabs = new Slabs();
  #values = 0;
  #addresses = new Int32Array(16);
  #counts = new Int32Array(16);
  #sizes = new Uint8Array(16);
  /** Of sets that have any: how many of their values are newcomers. */
  readonly #newcomers = new Map<number, number>();

  count(set: number): number {
    return this.#counts[set] ?? 0;
  }

  /** The page in which the set lies, from `startOf` on; valid until the next change of any set. */
  pageOf(set: number): Int32Array {
    this.#settle(set);
    return this.#page(set);
  }

  startOf(set: number): number {
    return this.#slabs.placeAt(this.#address(set));
  }

  has(set: number, value: number): boolean {
    const page = this.#page(set);
    const end = this.startOf(set) + this.count(set);
    const newcomers = end - this.#newcomersOf(set);
    if (isAt(page, placeIn(page, this.startOf(set), newcomers, value), newcomers, value)) return true;
    return newcomers < end && isAt(page, placeIn(page, newcomers, end, value), end, value);
  }

  add(set: number, value: number): 'added' | 'present' {
    this.#reserve(set + 1);
    if (this.has(set, value)) return 'present';
    const count = this.count(set);
    const size = this.#sizes[set] as number;
    if (count === capacityOf(size)) this.#move(set, size + 1);
    if (count >= LARGE && this.#newcomersOf(set) === MOST_NEWCOMERS) this.#settle(set);
    const page = this.#slabs.pageAt(this.#address(set));
    const end = this.startOf(set) + count;
    const newcomers = this.#newcomersOf(set);
    const place = placeIn(page, count >= LARGE ? end - newcomers : this.startOf(set), end, value);
    page.copyWithin(place + 1, place, end);
    page[place] = value;
    if (count >= LARGE) this.#newcomers.set(set, newcomers + 1);
    this.#counts[set] = count + 1;
    this.#values++;
    return 'added';
  }

  remove(set: number, value: number): 'removed' | 'absent' {
    if (!this.has(set, value)) return 'absent';
    const count = this.count(set);
    const page = this.pageOf(set);
    const place = this.placeOf(set, value);
    page.copyWithin(place, place + 1, this.startOf(set) + count);
    this.#counts[set] = count - 1;
    this.#values--;
    this.#shrink(set, count - 1);
    return 'removed';
  }

  /** Where the value lies, or would be put, in the set's page. */
  placeOf(set: number, value: number): number {
    const start = this.startOf(set);
    return placeIn(this.pageOf(set), start, start + this.count(set), value);
  }

  /** Bytes held: pages, free lists and columns. */
  get bytes(): number {
    return this.#slabs.bytes + this.#addresses.byteLength + this.#counts.byteLength + this.#sizes.byteLength;
  }

  /** Sorts its newcomers in, from the greatest on: what lies behind each moves by one piece. */
  #settle(set: number): void {
    const count = this.#newcomersOf(set);
    if (count === 0) return;
    this.#newcomers.delete(set);
    const page = this.#page(set);
    const start = this.startOf(set);
    let end = start + this.count(set) - count;
    const newcomers = page.slice(end, end + count);
    for (let index = count - 1; index >= 0; index--) {
      const value = newcomers[index] as number;
      const place = placeIn(page, start, end, value);
      page.copyWithin(place + index + 1, place, end);
      page[place + index] = value;
      end = place;
    }
  }

  #newcomersOf(set: number): number {
    return this.count(set) < LARGE ? 0 : (this.#newcomers.get(set) ?? 0);
  }

  #page(set: number): Int32Array {
    return this.count(set) === 0 ? NOTHING : this.#slabs.pageAt(this.#address(set));
  }

  /** Gives back what is far too large; the slack on the way down keeps a set that wavers in place. */
  #shrink(set: number, count: number): void {
    const size = this.#sizes[set] as number;
    if (count === 0) this.#move(set, 0);
    else if (size >= 4 && count * 3 <= capacityOf(size)) this.#move(set, size - 2);
  }

  #move(set: number, size: number): void {
    const oldSize = this.#sizes[set] as number;
    const oldAddress = this.#address(set);
    if (size > 0) this.#addresses[set] = this.#copied(this.#slabs, set, size);
    this.#sizes[set] = size;
    if (oldSize > 0) this.#slabs.release(oldAddress, oldSize);
    if (this.#slabs.idle > IDLE_WORTH_PACKING && this.#slabs.idle * 6 > this.#values) this.#pack();
  }

  /** The set's values in a new slab. */
  #copied(target: Slabs, set: number, size: number): number {
    const count = this.count(set);
    const address = target.allocate(size);
    const from = this.startOf(set);
    target.pageAt(address).set(this.pageOf(set).subarray(from, from + count), target.placeAt(address));
    return address;
  }

  /** Sets that grew side by side leave their outgrown slabs behind; now and then all move together. */
  #pack(): void {
    const packed = new Slabs();
    for (let set = 0; set < this.#sizes.length; set++) {
      const size = this.#sizes[set] as number;
      if (size === 0) continue;
      this.#addresses[set] = this.#copied(packed, set, size);
    }
    this.#slabs = packed;
  }

  #address(set: number): number {
    return this.#addresses[set] ?? 0;
  }

  #reserve(sets: number): void {
    this.#addresses = grownInt32(this.#addresses, sets);
    this.#counts = grownInt32(this.#counts, sets);
    this.#sizes = grownUint8(this.#sizes, sets);
  }
}

/** The first place of these, ascending, whose value is not less; `end` = none is. */
function placeIn(page: Int32Array, start: number, end: number, value: number): number {
  let low = start;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((page[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isAt(page: Int32Array, place: number, end: number, value: number): boolean {
  return place < end && page[place] === value;
}
