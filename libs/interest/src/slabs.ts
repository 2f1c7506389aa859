// Slabs of a few fixed capacities cut from large pages. Invariant: a slab is either handed out or in its capacity's free
// list; an address names page and place in one integer. Slabs too large to share a page have one of their own.

const PAGE_BITS = 18;
const PAGE_SIZE = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_SIZE - 1;
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

/** Sizes are numbered from 1; size 0 is no slab, of capacity 0. */
export function capacityOf(size: number): number {
  return size === 0 ? 0 : (CAPACITIES[size - 1] as number);
}

export class Slabs {
  readonly #pages: Int32Array[] = [];
  readonly #freePages: number[] = [];
  readonly #free: number[][] = CAPACITIES.map(() => []);
  #openPage = -1;
  #used = PAGE_SIZE;
  #idle = 0;

  /** Integers in free lists: what packing anew would win. */
  get idle(): number {
    return this.#idle;
  }

  get bytes(): number {
    let bytes = 0;
    for (const page of this.#pages) bytes += page.byteLength;
    for (const list of this.#free) bytes += list.length * 8;
    return bytes;
  }

  pageAt(address: number): Int32Array {
    return this.#pages[address >>> PAGE_BITS] ?? NOTHING;
  }

  placeAt(address: number): number {
    return address & PAGE_MASK;
  }

  allocate(size: number): number {
    const capacity = capacityOf(size);
    if (capacity > LARGEST_SHARED) return this.#newPage(capacity) << PAGE_BITS;
    const free = this.#free[size - 1]?.pop();
    if (free !== undefined) {
      this.#idle -= capacity;
      return free;
    }
    if (this.#used + capacity > PAGE_SIZE) {
      this.#openPage = this.#newPage(PAGE_SIZE);
      this.#used = 0;
    }
    const address = (this.#openPage << PAGE_BITS) | this.#used;
    this.#used += capacity;
    return address;
  }

  release(address: number, size: number): void {
    if (capacityOf(size) <= LARGEST_SHARED) {
      this.#free[size - 1]?.push(address);
      this.#idle += capacityOf(size);
      return;
    }
    this.#pages[address >>> PAGE_BITS] = NOTHING;
    this.#freePages.push(address >>> PAGE_BITS);
  }

  #newPage(capacity: number): number {
    const number = this.#freePages.pop() ?? this.#pages.length;
    this.#pages[number] = new Int32Array(capacity);
    return number;
  }
}
