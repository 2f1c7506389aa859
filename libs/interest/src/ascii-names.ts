// Numbers of names found from their bytes in a JSON text, without making a text of them. Invariant: the number is the interner's
// own, whichever way a name came. Written for the machine: lists of the same people repeat, so that the name that followed the
// last time is looked for first; else one pass finds where a name ends and its hash. Four bytes a name beside the interner's.
import { HASH_SEED, hashed, hashedWith, type Interner } from './interner.js';
import { grownInt32 } from './columns.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Nobody of that name is known. */
export const UNKNOWN_NAME = -1;
/** No closing quote, an escape, or something else than printable ASCII. */
export const NO_PLAIN_NAME = -2;

export class AsciiNames {
  /** Of what was found or missed last: where its closing quote stands. */
  end = 0;
  /** Of each name: one more than the one that followed it last (0 = none has). */
  #followers = new Int32Array(16);
  #last = 0;

  constructor(private readonly names: Interner) {}

  /** The number of the name that begins here, after its quote; or UNKNOWN_NAME, or NO_PLAIN_NAME. */
  find(text: Uint8Array, start: number): number {
    const guess = (this.#followers[this.#last] ?? 0) - 1;
    if (guess >= 0) {
      const length = this.names.lengthAt(guess, text, start);
      if (length > 0 && text[start + length] === QUOTE) {
        this.#last = guess;
        this.end = start + length;
        return guess;
      }
    }
    return this.#lookUp(text, start);
  }

  #lookUp(text: Uint8Array, start: number): number {
    const { length } = text;
    let hash = HASH_SEED;
    let at = start;
    for (; at < length; at++) {
      const byte = text[at] as number;
      if (byte === QUOTE) break;
      if (byte < 0x20 || byte > 0x7e || byte === BACKSLASH) return NO_PLAIN_NAME;
      hash = hashedWith(hash, byte);
    }
    if (at === length) return NO_PLAIN_NAME;
    this.end = at;
    const number = this.names.findAscii(text, start, at, hashed(hash));
    if (number >= 0) this.#follow(number);
    return number < 0 ? UNKNOWN_NAME : number;
  }

  #follow(number: number): void {
    this.#followers = grownInt32(this.#followers, this.#last + 1);
    this.#followers[this.#last] = number + 1;
    this.#last = number;
  }
}
