// Numbers of names found from their bytes, without making a text. Invariant: the number is the interner's own, whichever way
// a name came; names of printable ASCII only. About 16 bytes a name that was ever asked for.
import type { Interner } from './interner.js';

const FIRST_SLOTS = 1024;

export class AsciiNames {
  /** Open addressing: the hash of a name, and one more than its number (0 = free). */
  #slots = new Int32Array(2 * FIRST_SLOTS);
  #entered = 0;

  constructor(private readonly names: Interner) {}

  /** −1: not known here, though the interner may know it; `enter` it then. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashOf(bytes, start, end);
    const slots = this.#slots;
    const mask = (slots.length >>> 1) - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = (slots[slot * 2 + 1] as number) - 1;
      if (number < 0) return -1;
      if (slots[slot * 2] === hash && isNamed(this.names.nameOf(number), bytes, start, end)) return number;
    }
  }

  /** The number of a name that was not found: the interner's, a new one if it has none. */
  enter(bytes: Uint8Array, start: number, end: number): number {
    let name = '';
    for (let at = start; at < end; at++) name += String.fromCharCode(bytes[at] as number);
    const number = this.names.intern(name);
    this.#entered++;
    if (this.#entered * 4 > this.#slots.length) this.#grow();
    this.#put(hashOf(bytes, start, end), number);
    return number;
  }

  #put(hash: number, number: number): void {
    const slots = this.#slots;
    const mask = (slots.length >>> 1) - 1;
    let slot = hash & mask;
    while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
    slots[slot * 2] = hash;
    slots[slot * 2 + 1] = number + 1;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    for (let slot = 0; slot < old.length; slot += 2)
      if (old[slot + 1] !== 0) this.#put(old[slot] as number, (old[slot + 1] as number) - 1);
  }
}

function isNamed(name: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let index = 0; index < name.length; index++) if (name.charCodeAt(index) !== bytes[start + index]) return false;
  return true;
}

/** FNV-1a, its high bits mixed into the low ones. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
