// The names of a partition's users as bytes, and the number of each: found from the bytes of a record without making a
// text. Invariant: a name has one number, given out once, from 0 on. About 45 bytes a user, where a Map and its strings
// take 130; and of what is fetched nothing is kept alive.

import { NameSlots } from '#libs/interest';

const CHUNK_BITS = 20;
const CHUNK_BYTES = 1 << CHUNK_BITS;
const IN_CHUNK = CHUNK_BYTES - 1;
const NOBODY = -1;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export class UserNames {
  /** Names one after the other; none lies across two chunks. */
  readonly #chunks: Buffer[] = [];
  #used = CHUNK_BYTES;
  /**
   * Of each user: where the name begins (chunk × its size + offset), then twice its length, and one more where JSON writes it as it
   * is. Side by side, because among many users every array asked is a line of memory waited for.
   */
  #places = new Int32Array(2048);
  readonly #slots = new NameSlots((id) => void this.#crowded.set(this.#textIn(id, 'latin1'), id));
  /** Names of which too many have nearly one hash, a character a byte. */
  readonly #crowded = new Map<string, number>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** −1 = nobody of that name. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashOf(bytes, start, end);
    const slots = this.#slots;
    for (let id = slots.first(hash); id >= 0; id = slots.next(hash))
      if (this.#isNamed(id, bytes, start, end)) return id;
    return this.#crowded.size === 0 ? NOBODY : (this.#crowded.get(latin1(bytes, start, end)) ?? NOBODY);
  }

  /** The name must be new; at most 255 bytes. */
  add(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (this.#used + length >= CHUNK_BYTES) {
      this.#chunks.push(Buffer.allocUnsafeSlow(CHUNK_BYTES));
      this.#used = 0;
    }
    const id = this.#size;
    if (id * 2 >= this.#places.length) this.#growPlaces();
    const chunk = this.#chunks.at(-1)!;
    for (let index = 0; index < length; index += 1) chunk[this.#used + index] = bytes[start + index]!;
    this.#places[id * 2] = (this.#chunks.length - 1) * CHUNK_BYTES + this.#used;
    this.#places[id * 2 + 1] = length * 2 + (isPlainName(bytes, start, end) ? 1 : 0);
    this.#used += length;
    this.#size += 1;
    this.#slots.enter(hashOf(bytes, start, end), id);
    return id;
  }

  text(id: number): string {
    return this.#textIn(id, this.isPlain(id) ? 'latin1' : 'utf8');
  }

  /** −1 = nobody, or one whose name does not stand in JSON as it is. */
  findPlain(bytes: Uint8Array, start: number, end: number): number {
    const id = this.find(bytes, start, end);
    return id >= 0 && this.isPlain(id) ? id : -1;
  }

  /** As `isPlainName` says. */
  isPlain(id: number): boolean {
    return (this.#places[id * 2 + 1]! & 1) === 1;
  }

  #textIn(id: number, encoding: 'latin1' | 'utf8'): string {
    const start = this.#places[id * 2]!;
    const offset = start & IN_CHUNK;
    return this.#chunks[start >>> CHUNK_BITS]!.toString(encoding, offset, offset + this.#lengthOf(id));
  }

  #lengthOf(id: number): number {
    return this.#places[id * 2 + 1]! >>> 1;
  }

  #isNamed(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (this.#lengthOf(id) !== length) return false;
    const from = this.#places[id * 2]!;
    const offset = from & IN_CHUNK;
    const chunk = this.#chunks[from >>> CHUNK_BITS]!;
    for (let index = 0; index < length; index += 1) if (chunk[offset + index] !== bytes[start + index]) return false;
    return true;
  }

  #growPlaces(): void {
    const places = new Int32Array(this.#places.length * 2);
    places.set(this.#places);
    this.#places = places;
  }
}

/** Printable ASCII without quotes and backslashes: it stands in JSON as it is. */
export function isPlainName(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]!;
    if (byte < 0x20 || byte > 0x7e || byte === QUOTE || byte === BACKSLASH) return false;
  }
  return true;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

/** FNV-1a, its high bits mixed into the low ones. Not the partitioner's hash: that one is alike for all users of a partition. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
