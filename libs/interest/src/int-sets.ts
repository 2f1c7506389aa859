// Very many sorted sets of integers in a few large pages. Invariant: a set's values lie in one slab of one page, ascending,
// without repetition; a slab belongs to one set or to its size's free list. Separate arrays would cost more than their values.
import { grownInt32, grownUint8 } from './columns.js';

const PAGE_BITS = 18;
const PAGE_SIZE = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_SIZE - 1;
/** Larger slabs get a page of their own, given back when they are outgrown. */
const LARGEST_SHARED = PAGE_SIZE >> 4;
const NOTHING = new Int32Array(0);

/** 1, 2, 3, 4, 6, 8, 12, 16 …: at most a third of a slab lies idle. Beyond the shared ones, eight steps an octave. */
const CAPACITIES = capacities();

function capacities(): readonly number[] {
  const sizes = [1, 2, 3];
  for (let size = 4; size <= LARGEST_SHARED; size *= 2) sizes.push(size, size + size / 2);
  for (let size = LARGEST_SHARED * 2; size < 2 ** 30; size *= 2) {
    for (let step = 0; step < 8; step++) sizes.push(size + (size / 8) * step);
  }
  return sizes;
}

export class IntSets {
  readonly #pages: Int32Array[] = [];
  readonly #freePages: number[] = [];
  readonly #free: number[][] = CAPACITIES.map(() => []);
  #openPage = -1;
  #used = PAGE_SIZE;
  #addresses = new Int32Array(16);
  #counts = new Int32Array(16);
  /** 0 = no slab; else the index in CAPACITIES, plus 1. */
  #sizes = new Uint8Array(16);

  count(set: number): number {
    return this.#counts[set] ?? 0;
  }

  /** The page in which the set lies, from `startOf` on; valid until the next change of any set. */
  pageOf(set: number): Int32Array {
    return this.count(set) === 0 ? NOTHING : this.#page(this.#address(set));
  }

  startOf(set: number): number {
    return this.#address(set) & PAGE_MASK;
  }

  has(set: number, value: number): boolean {
    return this.count(set) > 0 && this.#inside(set, value);
  }

  add(set: number, value: number): 'added' | 'present' {
    this.#reserve(set + 1);
    const count = this.count(set);
    if (count > 0 && this.#inside(set, value)) return 'present';
    if (count === (CAPACITIES[(this.#sizes[set] ?? 0) - 1] ?? 0)) this.#move(set, (this.#sizes[set] ?? 0) + 1);
    const page = this.#page(this.#address(set));
    const place = this.placeOf(set, value);
    page.copyWithin(place + 1, place, this.startOf(set) + count);
    page[place] = value;
    this.#counts[set] = count + 1;
    return 'added';
  }

  remove(set: number, value: number): 'removed' | 'absent' {
    const count = this.count(set);
    if (count === 0 || !this.#inside(set, value)) return 'absent';
    const page = this.#page(this.#address(set));
    const place = this.placeOf(set, value);
    page.copyWithin(place, place + 1, this.startOf(set) + count);
    this.#counts[set] = count - 1;
    this.#shrink(set, count - 1);
    return 'removed';
  }

  /** Bytes held: pages, columns and what the free lists remember. */
  get bytes(): number {
    let bytes = this.#addresses.byteLength + this.#counts.byteLength + this.#sizes.byteLength;
    for (const page of this.#pages) bytes += page.byteLength;
    for (const list of this.#free) bytes += list.length * 8;
    return bytes;
  }

  /** Where the value is, or would be put, in the set's page. */
  placeOf(set: number, value: number): number {
    const page = this.pageOf(set);
    let low = this.startOf(set);
    let high = low + this.count(set);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((page[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #inside(set: number, value: number): boolean {
    const place = this.placeOf(set, value);
    return place < this.startOf(set) + this.count(set) && this.pageOf(set)[place] === value;
  }

  /** Gives back what is far too large; a third of slack on the way down keeps a set that wavers in place. */
  #shrink(set: number, count: number): void {
    const size = this.#sizes[set] as number;
    if (count === 0) this.#move(set, 0);
    else if (size >= 4 && count * 3 <= (CAPACITIES[size - 1] as number)) this.#move(set, size - 2);
  }

  #move(set: number, size: number): void {
    const count = this.count(set);
    const oldSize = this.#sizes[set] as number;
    const oldAddress = this.#address(set);
    if (size > 0) {
      const address = this.#allocate(size - 1);
      if (count > 0) {
        const old = this.#page(oldAddress);
        const from = oldAddress & PAGE_MASK;
        this.#page(address).set(old.subarray(from, from + count), address & PAGE_MASK);
      }
      this.#addresses[set] = address;
    }
    this.#sizes[set] = size;
    if (oldSize > 0) this.#release(oldAddress, oldSize - 1);
  }

  #allocate(index: number): number {
    const capacity = CAPACITIES[index];
    if (capacity === undefined) throw new Error('a set is larger than any room can be');
    if (capacity > LARGEST_SHARED) return this.#newPage(capacity) << PAGE_BITS;
    const free = this.#free[index]?.pop();
    if (free !== undefined) return free;
    if (this.#used + capacity > PAGE_SIZE) {
      this.#openPage = this.#newPage(PAGE_SIZE);
      this.#used = 0;
    }
    const address = (this.#openPage << PAGE_BITS) | this.#used;
    this.#used += capacity;
    return address;
  }

  #newPage(size: number): number {
    const number = this.#freePages.pop() ?? this.#pages.length;
    this.#pages[number] = new Int32Array(size);
    return number;
  }

  #release(address: number, index: number): void {
    if ((CAPACITIES[index] as number) <= LARGEST_SHARED) {
      this.#free[index]?.push(address);
      return;
    }
    this.#pages[address >>> PAGE_BITS] = NOTHING;
    this.#freePages.push(address >>> PAGE_BITS);
  }

  #page(address: number): Int32Array {
    return this.#pages[address >>> PAGE_BITS] as Int32Array;
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
