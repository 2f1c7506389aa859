// Bytes of a file or a pipe → numbered lines. Invariant: a line's bytes are as they were, without the line feed; a last line
// needs none; a line too long to hold is told, not held.
export interface Line {
  /** From 1. */
  readonly number: number;
  /** undefined: the line was longer than the limit. */
  readonly bytes: Uint8Array | undefined;
}

export const MAX_LINE_BYTES = 16 * 1024 * 1024;

const LINE_FEED = 0x0a;

export class LineSplitter {
  readonly #maxBytes: number;
  #number = 0;
  #parts: Uint8Array[] = [];
  #heldBytes = 0;
  #isTooLong = false;

  constructor(maxBytes: number = MAX_LINE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that end in this chunk. */
  take(chunk: Uint8Array): readonly Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      this.#hold(chunk.subarray(start, end));
      lines.push(this.#endLine());
      start = end + 1;
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start));
    return lines;
  }

  /** The last line, when the input did not end in a line feed. */
  finish(): readonly Line[] {
    return this.#heldBytes > 0 || this.#isTooLong ? [this.#endLine()] : [];
  }

  #hold(part: Uint8Array): void {
    this.#heldBytes += part.length;
    if (this.#heldBytes > this.#maxBytes) {
      this.#isTooLong = true;
      this.#parts = [];
    } else if (!this.#isTooLong) this.#parts.push(part);
  }

  #endLine(): Line {
    const [first, ...rest] = this.#parts;
    const bytes = rest.length === 0 ? (first ?? new Uint8Array()) : Buffer.concat(this.#parts);
    this.#number += 1;
    const line = { number: this.#number, bytes: this.#isTooLong ? undefined : bytes };
    this.#parts = [];
    this.#heldBytes = 0;
    this.#isTooLong = false;
    return line;
  }
}
