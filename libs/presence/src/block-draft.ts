// A block (packed-layout.ts) before it has a place: filled from an aggregate, or from what was found in stored bytes, then
// copied. Invariant: a draft is whole before it is copied; it is used again for the next.
import { utf8Bytes } from '#libs/matrix';
import { HEAD_CELLS, ROW_CELLS } from './packed-layout.js';

export class BlockDraft {
  cells = new Float64Array(256);
  ints = new Int32Array(this.cells.buffer);
  /** Cells filled; the texts come behind them. */
  used = HEAD_CELLS;
  texts = new Uint8Array(1024);
  textBytes = 0;

  begin(): void {
    this.used = HEAD_CELLS;
    this.textBytes = 0;
  }

  /** The first cell of a new row. */
  row(): number {
    const at = this.used;
    this.used += ROW_CELLS;
    if (this.used > this.cells.length) this.#widen();
    return at;
  }

  /** Appends a text; returns its bytes. */
  write(text: string): number {
    this.#reserve(text.length);
    const { texts } = this;
    const from = this.textBytes;
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      if (unit >= 0x80) {
        const bytes = utf8Bytes(text);
        return this.copy(bytes, 0, bytes.length);
      }
      texts[from + index] = unit;
    }
    this.textBytes += text.length;
    return text.length;
  }

  /** Appends bytes of a text; returns how many. */
  copy(bytes: Uint8Array, start: number, end: number): number {
    this.#reserve(end - start);
    const { texts } = this;
    for (let from = start, to = this.textBytes; from < end; from += 1, to += 1) texts[to] = bytes[from]!;
    this.textBytes += end - start;
    return end - start;
  }

  #widen(): void {
    const wider = new Float64Array(this.cells.length * 2);
    wider.set(this.cells);
    this.cells = wider;
    this.ints = new Int32Array(wider.buffer);
  }

  #reserve(bytes: number): void {
    if (this.textBytes + bytes <= this.texts.length) return;
    const wider = new Uint8Array((this.textBytes + bytes) * 2);
    wider.set(this.texts);
    this.texts = wider;
  }
}
