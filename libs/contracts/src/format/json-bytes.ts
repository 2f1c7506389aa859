// Reads, out of bytes, the very JSON that our encoders write, piece by piece and without making any text. Invariant: what is
// not written so (another order, white space, escapes, fractions) is not found, which decides nothing: whoever asks reads
// it again the long way. It stands apart because it is written for the machine.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
/** More digits might not be a safe integer. */
const MOST_DIGITS = 15;

/** Where key and value lie, the way a log's reader knows it; a start of −1 = there is none. */
export interface RecordSpans {
  readonly keyBytes: Uint8Array;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueBytes: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** Whether the key stands there in the value, byte for byte. */
function isKeyAt({ keyBytes, keyStart, keyEnd, valueBytes }: RecordSpans, start: number, end: number): boolean {
  if (keyStart < 0 || keyEnd - keyStart !== end - start) return false;
  for (let key = keyEnd - 1, at = end - 1; key >= keyStart; key -= 1, at -= 1)
    if (keyBytes[key] !== valueBytes[at]) return false;
  return true;
}

export const ascii = (text: string): Uint8Array => Uint8Array.from(text, (unit) => unit.charCodeAt(0));

/** A piece that may be passed: four of its bytes are compared at once. */
export class Piece {
  readonly bytes: Uint8Array;
  readonly length: number;
  /** Each of four bytes; the last ends with the piece, so that it may begin within the one before. */
  readonly quads: Int32Array;

  constructor(text: string) {
    this.bytes = ascii(text);
    this.length = text.length;
    const view = new DataView(this.bytes.buffer);
    this.quads = Int32Array.from({ length: this.length < 4 ? 0 : Math.ceil(this.length / 4) }, (_, index) =>
      view.getInt32(Math.min(index * 4, this.length - 4)),
    );
  }
}

export class JsonBytes {
  bytes: Uint8Array = new Uint8Array(0);
  /** The same bytes. */
  #view = new DataView(this.bytes.buffer);
  at = 0;
  end = 0;
  /** Something was required that does not stand there: nothing of what was read means anything. */
  failed = false;
  /** Whether any text passed so far holds something else than ASCII. */
  hasHigh = false;
  /** The text passed last, without its quotes. */
  textStart = -1;
  textEnd = -1;

  /** Begins with a record's value. Whether it opens with this head, which ends in a quote, and the record's own key. */
  opens(record: RecordSpans, head: Piece): boolean {
    if (record.valueStart < 0) return false;
    const { valueBytes } = record;
    // Records that were read together lie in the same bytes.
    if (valueBytes !== this.bytes) {
      this.#view = new DataView(valueBytes.buffer, valueBytes.byteOffset, valueBytes.byteLength);
      this.bytes = valueBytes;
    }
    this.at = record.valueStart;
    this.end = record.valueEnd;
    this.failed = false;
    this.hasHigh = false;
    if (!this.passes(head)) return false;
    this.requireText();
    return !this.failed && isKeyAt(record, this.textStart, this.textEnd);
  }

  /** Everything that was required stood there, and nothing is left. */
  get isWhole(): boolean {
    return !this.failed && this.at === this.end;
  }

  /** Passes this piece, if it stands here. */
  passes({ bytes: wanted, length, quads }: Piece): boolean {
    const { at } = this;
    const to = at + length;
    if (to > this.end) return false;
    const last = quads.length - 1;
    if (last < 0) {
      for (let index = 0; index < length; index += 1) if (this.bytes[at + index] !== wanted[index]) return false;
    } else {
      for (let index = 0; index < last; index += 1)
        if (this.#view.getInt32(at + index * 4) !== quads[index]) return false;
      if (this.#view.getInt32(to - 4) !== quads[last]) return false;
    }
    this.at = to;
    return true;
  }

  require(wanted: Piece): void {
    if (!this.passes(wanted)) this.failed = true;
  }

  /** Passes one of these and tells which. */
  requireOneOf(words: readonly Piece[]): number {
    for (let index = 0; index < words.length; index += 1) if (this.passes(words[index]!)) return index;
    this.failed = true;
    return 0;
  }

  /** Passes a name and a whole number. */
  requireNumber(name: Piece): number {
    this.require(name);
    return this.#number();
  }

  /** NaN = the name does not stand here. */
  optionalNumber(name: Piece): number {
    return this.passes(name) ? this.#number() : Number.NaN;
  }

  /** Passes what stands up to a quote, and the quote; returns its bytes. */
  requireText(): number {
    const { bytes, end } = this;
    let high = 0;
    for (let { at } = this; at < end; at += 1) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        this.textStart = this.at;
        this.textEnd = at;
        this.at = at + 1;
        if (high >= 0x80) this.hasHigh = true;
        return at - this.textStart;
      }
      // JSON writes it otherwise.
      if (byte < 0x20 || byte === BACKSLASH) break;
      high |= byte;
    }
    this.failed = true;
    return 0;
  }

  #number(): number {
    const { bytes, end } = this;
    let { at } = this;
    const isNegative = bytes[at] === MINUS;
    if (isNegative) at += 1;
    const from = at;
    let value = 0;
    for (; at < end; at += 1) {
      const digit = bytes[at]! - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    const digits = at - from;
    if (digits < 1 || digits > MOST_DIGITS || (bytes[from] === ZERO && (digits > 1 || isNegative))) this.failed = true;
    this.at = at;
    return isNegative ? -value : value;
  }
}
