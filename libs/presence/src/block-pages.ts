// Memory for blocks of eight-byte cells in pages that a garbage collector never looks into. Invariant: a block lies in one
// page and belongs to one owner from `claim` to `release`; released blocks are given out again to whoever wants that size.

export const NOWHERE = -1;

const PAGE_CELLS = 16_384;
/** Sizes are multiples of it, so that what one gave up fits another. */
const STEP = 4;

/** The same memory as numbers, as whole numbers and as bytes. */
export class Page {
  readonly cells: Float64Array;
  readonly ints: Int32Array;
  readonly bytes: Uint8Array;

  constructor(cells: number) {
    this.cells = new Float64Array(cells);
    this.ints = new Int32Array(this.cells.buffer);
    this.bytes = new Uint8Array(this.cells.buffer);
  }
}

const GONE = new Page(0);

export class BlockPages {
  readonly #pages: Page[] = [];
  /** Cells used of the page that is being filled, which is the one at `#filling`. */
  #used = PAGE_CELLS;
  #filling = NOWHERE;
  /** By size, the first of the blocks given up; each holds the address of the next. */
  readonly #released = new Map<number, number>();
  /** Places of pages that are gone. */
  readonly #vacant: number[] = [];

  static sizeFor(cells: number): number {
    return Math.ceil(cells / STEP) * STEP;
  }

  /** The address of a block of so many cells, which came from `sizeFor`; what it holds is anything. */
  claim(size: number): number {
    if (size > PAGE_CELLS) return this.#add(size) * PAGE_CELLS;
    const released = this.#released.get(size) ?? NOWHERE;
    if (released !== NOWHERE) {
      this.#released.set(size, this.page(released).cells[released % PAGE_CELLS]!);
      return released;
    }
    if (this.#used + size > PAGE_CELLS) {
      if (this.#used < PAGE_CELLS) this.release(this.#filling * PAGE_CELLS + this.#used, PAGE_CELLS - this.#used);
      this.#filling = this.#add(PAGE_CELLS);
      this.#used = 0;
    }
    const address = this.#filling * PAGE_CELLS + this.#used;
    this.#used += size;
    return address;
  }

  release(address: number, size: number): void {
    if (size > PAGE_CELLS) {
      const index = (address - (address % PAGE_CELLS)) / PAGE_CELLS;
      this.#pages[index] = GONE;
      this.#vacant.push(index);
      return;
    }
    this.page(address).cells[address % PAGE_CELLS] = this.#released.get(size) ?? NOWHERE;
    this.#released.set(size, address);
  }

  page(address: number): Page {
    return this.#pages[Math.floor(address / PAGE_CELLS)]!;
  }

  /** Where in its page a block begins, in cells. */
  static cellOf(address: number): number {
    return address % PAGE_CELLS;
  }

  #add(cells: number): number {
    const index = this.#vacant.pop() ?? this.#pages.length;
    this.#pages[index] = new Page(cells);
    return index;
  }
}
