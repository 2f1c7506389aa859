// Names to dense integers and back. Invariant: a name keeps its number for the life of the table; numbers are 0, 1, 2 …
// without a gap, so that everything known of a name can lie in typed columns. Names lie as bytes in a few large chunks, some 54
// bytes each in all: as texts in a Map they were 76, which a collector went through again and again.
import { grownInt32 } from './columns.js';
import { NameSlots } from './name-slots.js';

const CHUNK_BITS = 20;
const CHUNK_BYTES = 1 << CHUNK_BITS;
const IN_CHUNK = CHUNK_BYTES - 1;
const FIRST_NAMES = 512;
/** Of ASCII alone, and no longer than a user or a room may be called; others stay texts. */
const LONGEST = 255;
const LAST_ASCII = 0x7f;
const UNKNOWN = -1;
/** Texts made last are kept: those of whom there is news are asked for again. */
const KEPT_TEXTS = 4_096;

export class Interner {
  readonly #chunks: Uint8Array[] = [];
  #used = CHUNK_BYTES;
  /** Of each name: where it begins (chunk × its size + offset), and its length; 0 = it is among the others. */
  #places = new Int32Array(2 * FIRST_NAMES);
  readonly #slots = new NameSlots((number) => {
    this.#others.set(this.#textOf(number), number);
    this.#crowded += 1;
  });
  #size = 0;
  /** Those that stay texts, and those of which too many have nearly one hash. */
  readonly #others = new Map<string, number>();
  #crowded = 0;
  readonly #textOfOther = new Map<number, string>();
  readonly #texts: string[] = Array.from({ length: KEPT_TEXTS }, () => '');
  readonly #textNumbers = new Int32Array(KEPT_TEXTS).fill(UNKNOWN);

  /** The number of this name, a new one if it has none. */
  intern(name: string): number {
    const hash = hashOf(name);
    if (hash === undefined) return this.#others.get(name) ?? this.#addOther(name);
    const known = this.#lookUp(name, hash);
    return known === UNKNOWN ? this.#add(name, hash) : known;
  }

  find(name: string): number | undefined {
    const hash = hashOf(name);
    if (hash === undefined) return this.#others.get(name);
    const known = this.#lookUp(name, hash);
    return known === UNKNOWN ? undefined : known;
  }

  /** The number of the name that is in these bytes, ASCII of this hash; −1 = it has none, or stays a text. */
  findAscii(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const slots = this.#slots;
    for (let number = slots.first(hash); number >= 0; number = slots.next(hash))
      if (this.lengthAt(number, bytes, start) === end - start) return number;
    if (this.#crowded === 0 || isText(end - start)) return UNKNOWN;
    return this.#others.get(textOf(bytes, start, end)) ?? UNKNOWN;
  }

  /** How many bytes of the name stand here; 0 = it is another, or a text. */
  lengthAt(number: number, bytes: Uint8Array, start: number): number {
    const place = this.#places[number * 2] as number;
    const length = this.#places[number * 2 + 1] as number;
    if (length === 0) return 0;
    const chunk = this.#chunks[place >>> CHUNK_BITS] as Uint8Array;
    const from = place & IN_CHUNK;
    for (let index = 0; index < length; index++) if (chunk[from + index] !== bytes[start + index]) return 0;
    return length;
  }

  nameOf(number: number): string {
    if (!(number >= 0 && number < this.#size)) throw new Error(`no name has the number ${number}`);
    const kept = number & (KEPT_TEXTS - 1);
    if (this.#textNumbers[kept] === number) return this.#texts[kept] as string;
    const text = this.#textOfOther.get(number) ?? this.#textOf(number);
    this.#texts[kept] = text;
    this.#textNumbers[kept] = number;
    return text;
  }

  get size(): number {
    return this.#size;
  }

  #lookUp(name: string, hash: number): number {
    const slots = this.#slots;
    for (let number = slots.first(hash); number >= 0; number = slots.next(hash))
      if (this.#isNamed(number, name)) return number;
    return this.#crowded === 0 ? UNKNOWN : (this.#others.get(name) ?? UNKNOWN);
  }

  #isNamed(number: number, name: string): boolean {
    const { length } = name;
    if (this.#places[number * 2 + 1] !== length) return false;
    const place = this.#places[number * 2] as number;
    const chunk = this.#chunks[place >>> CHUNK_BITS] as Uint8Array;
    const from = place & IN_CHUNK;
    for (let index = 0; index < length; index++) if (chunk[from + index] !== name.charCodeAt(index)) return false;
    return true;
  }

  #add(name: string, hash: number): number {
    const { length } = name;
    if (this.#used + length > CHUNK_BYTES) {
      this.#chunks.push(new Uint8Array(CHUNK_BYTES));
      this.#used = 0;
    }
    const number = this.#next();
    const chunk = this.#chunks[this.#chunks.length - 1] as Uint8Array;
    for (let index = 0; index < length; index++) chunk[this.#used + index] = name.charCodeAt(index);
    this.#places[number * 2] = ((this.#chunks.length - 1) << CHUNK_BITS) | this.#used;
    this.#places[number * 2 + 1] = length;
    this.#used += length;
    this.#slots.enter(hash, number);
    return number;
  }

  #addOther(name: string): number {
    const number = this.#next();
    this.#others.set(name, number);
    this.#textOfOther.set(number, name);
    return number;
  }

  #next(): number {
    this.#places = grownInt32(this.#places, 2 * this.#size + 2);
    return this.#size++;
  }

  #textOf(number: number): string {
    const place = this.#places[number * 2] as number;
    const from = place & IN_CHUNK;
    const chunk = this.#chunks[place >>> CHUNK_BITS] as Uint8Array;
    return textOf(chunk, from, from + (this.#places[number * 2 + 1] as number));
  }
}

/** FNV-1a, its high bits mixed into the low ones; undefined = it stays a text. */
function hashOf(name: string): number | undefined {
  const { length } = name;
  if (isText(length)) return undefined;
  let hash = HASH_SEED;
  for (let index = 0; index < length; index++) {
    const code = name.charCodeAt(index);
    if (code > LAST_ASCII) return undefined;
    hash = hashedWith(hash, code);
  }
  return hashed(hash);
}

export const HASH_SEED = 0x811c9dc5;

export function hashedWith(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

export function hashed(hash: number): number {
  const folded = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return folded ^ (folded >>> 13);
}

function isText(length: number): boolean {
  return length === 0 || length > LONGEST;
}

/** Of ASCII. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode.apply(undefined, bytes.subarray(start, end) as unknown as number[]);
}
