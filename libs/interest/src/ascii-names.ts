// Numbers of names found from their bytes in a JSON text, without making a text of them. Invariant: the number is the interner's
// own, whichever way a name came. Written for the machine: lists of the same people repeat, so that the name that followed the
// last time is looked for first; else one pass finds where a name ends and its hash. About 50 bytes a name.
import type { Interner } from './interner.js';

const FIRST_NAMES = 512;
const FIRST_BYTES = 16_384;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Nobody of that name was entered here, though the interner may know it. */
export const UNKNOWN_NAME = -1;
/** No closing quote, an escape, or something else than printable ASCII. */
export const NO_PLAIN_NAME = -2;

export class AsciiNames {
  /** Of what was found or missed last: where its closing quote stands. */
  end = 0;
  #size = 0;
  /** Of each name entered: its number, and where its bytes lie. */
  #numbers = new Int32Array(FIRST_NAMES);
  #starts = new Uint32Array(FIRST_NAMES + 1);
  #bytes = new Uint8Array(FIRST_BYTES);
  /** Of each name: the one that followed it last. */
  #followers = new Int32Array(FIRST_NAMES);
  #last = 0;
  /** Open addressing: the hash of a name, and one more than its place (0 = free). */
  #slots = new Int32Array(4 * FIRST_NAMES);

  constructor(private readonly names: Interner) {}

  /** The number of the name that begins here, after its quote; or UNKNOWN_NAME, or NO_PLAIN_NAME. */
  find(text: Uint8Array, start: number): number {
    const guess = this.#followers[this.#last] as number;
    if (guess < this.#size && this.#isQuotedAt(guess, text, start)) {
      this.#last = guess;
      return this.#numbers[guess] as number;
    }
    return this.#lookUp(text, start);
  }

  #lookUp(text: Uint8Array, start: number): number {
    const { length } = text;
    let hash = 0x811c9dc5;
    let at = start;
    for (; at < length; at++) {
      const byte = text[at] as number;
      if (byte === QUOTE) break;
      if (byte < 0x20 || byte > 0x7e || byte === BACKSLASH) return NO_PLAIN_NAME;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    if (at === length) return NO_PLAIN_NAME;
    this.end = at;
    hash = mixed(hash);
    const slots = this.#slots;
    const mask = (slots.length >>> 1) - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const place = (slots[slot * 2 + 1] as number) - 1;
      if (place < 0) return UNKNOWN_NAME;
      if (slots[slot * 2] === hash && this.#isQuotedAt(place, text, start)) {
        this.#followers[this.#last] = place;
        this.#last = place;
        return this.#numbers[place] as number;
      }
    }
  }

  /** The number of a name that was not found: the interner's, a new one if it has none. */
  enter(text: Uint8Array, start: number, end: number): number {
    const place = this.#size++;
    if (place === this.#numbers.length) this.#growNames();
    const from = this.#starts[place] as number;
    const to = from + end - start;
    while (to > this.#bytes.length) this.#bytes = copyOf(this.#bytes, new Uint8Array(this.#bytes.length * 2));
    let name = '';
    for (let at = start; at < end; at++) {
      this.#bytes[from + at - start] = text[at] as number;
      name += String.fromCharCode(text[at] as number);
    }
    this.#starts[place + 1] = to;
    const number = this.names.intern(name);
    this.#numbers[place] = number;
    this.#put(place);
    return number;
  }

  #isQuotedAt(place: number, text: Uint8Array, start: number): boolean {
    const bytes = this.#bytes;
    const to = this.#starts[place + 1] as number;
    let at = start;
    for (let own = this.#starts[place] as number; own < to; own++, at++) if (bytes[own] !== text[at]) return false;
    if (text[at] !== QUOTE) return false;
    this.end = at;
    return true;
  }

  #put(place: number): void {
    let hash = 0x811c9dc5;
    for (let at = this.#starts[place] as number; at < (this.#starts[place + 1] as number); at++)
      hash = Math.imul(hash ^ (this.#bytes[at] as number), 0x01000193);
    hash = mixed(hash);
    const slots = this.#slots;
    const mask = (slots.length >>> 1) - 1;
    let slot = hash & mask;
    while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
    slots[slot * 2] = hash;
    slots[slot * 2 + 1] = place + 1;
  }

  #growNames(): void {
    const capacity = this.#numbers.length * 2;
    this.#numbers = copyOf(this.#numbers, new Int32Array(capacity));
    this.#followers = copyOf(this.#followers, new Int32Array(capacity));
    this.#starts = copyOf(this.#starts, new Uint32Array(capacity + 1));
    this.#slots = new Int32Array(4 * capacity);
    for (let place = 0; place < this.#size - 1; place++) this.#put(place);
  }
}

function copyOf<T extends Uint8Array | Int32Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** FNV-1a's high bits in the low ones. */
function mixed(hash: number): number {
  const folded = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return folded ^ (folded >>> 13);
}
