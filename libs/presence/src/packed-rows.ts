// Finding rows of a block (packed-layout.ts) by their ids, which lie among its texts. Invariant: nothing is changed, and no
// text is made.
import type { Page } from './block-pages.js';
import { BITS, CODE, DEVICES, HEAD_CELLS, ID_BYTES, PUTS_SHIFT, ROWS, ROW_CELLS } from './packed-layout.js';

export const NO_ROW = -1;

/** Where an id lies. */
export interface IdFound {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Goes from row to row of one block after the other, and knows where the id of each lies. */
export class RowCursor implements IdFound {
  bytes: Uint8Array = new Uint8Array(0);
  /** The first cell of the row. */
  row = 0;
  start = 0;
  end = 0;
  #ints: Int32Array = new Int32Array(0);

  /** To the first row, which is a device's if there is one; it need not be there. */
  first({ ints, bytes }: Page, cell: number): this {
    this.#ints = ints;
    this.bytes = bytes;
    this.row = cell + HEAD_CELLS;
    this.start = (this.row + ints[cell * 2 + ROWS]! * ROW_CELLS) * 8;
    this.end = this.start + ints[this.row * 2 + ID_BYTES]!;
    return this;
  }

  next(): void {
    this.row += ROW_CELLS;
    this.start = this.end;
    this.end += this.#ints[this.row * 2 + ID_BYTES]!;
  }

  /** What stands beside the id: of a device, how many rows of sessions follow. */
  get code(): number {
    return this.#ints[this.row * 2 + CODE]!;
  }

  isOf({ bytes, start, end }: IdFound): boolean {
    if (end - start !== this.end - this.start) return false;
    for (let from = start, own = this.start; from < end; from += 1, own += 1)
      if (this.bytes[own] !== bytes[from]) return false;
    return true;
  }

  /** From the row of one device to that of the next, or to the first PUT. */
  passDevice(): void {
    for (let rows = this.code; rows >= 0; rows -= 1) this.next();
  }

  /** To the row of the device of that id; false = there is none. */
  toDevice(page: Page, cell: number, id: IdFound): boolean {
    this.first(page, cell);
    for (let left = page.ints[cell * 2 + DEVICES]!; left > 0; left -= 1) {
      if (this.isOf(id)) return true;
      this.passDevice();
    }
    return false;
  }

  /** To the first PUT, if there is one. */
  toPuts(page: Page, cell: number): this {
    this.first(page, cell);
    for (let left = page.ints[cell * 2 + DEVICES]!; left > 0; left -= 1) this.passDevice();
    return this;
  }
}

export function putsOf({ ints }: Page, cell: number): number {
  return ints[cell * 2 + BITS]! >> PUTS_SHIFT;
}
