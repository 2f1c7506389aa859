// Dedupe without sets: a number is marked when its stamp is this round's generation. Invariant: a round begins with nothing
// marked, at the cost of one increment; only after two thousand million rounds are the stamps wiped.
import { grownInt32 } from './columns.js';
import type { IntList } from './int-list.js';
import type { IntSets } from './int-sets.js';

const LAST_GENERATION = 2 ** 31 - 1;

export class Stamps {
  #stamps = new Int32Array(16);
  #generation: number;

  constructor(firstGeneration = 0) {
    this.#generation = firstGeneration;
  }

  get bytes(): number {
    return this.#stamps.byteLength;
  }

  /** Begins a round for numbers below `size`. */
  begin(size: number): void {
    this.#stamps = grownInt32(this.#stamps, size);
    if (this.#generation === LAST_GENERATION) {
      this.#stamps.fill(0);
      this.#generation = 0;
    }
    this.#generation++;
  }

  mark(number: number): void {
    this.#stamps[number] = this.#generation;
  }

  markAll(sets: IntSets, set: number): void {
    const page = sets.pageOf(set);
    const start = sets.startOf(set);
    const end = start + sets.count(set);
    const stamps = this.#stamps;
    const generation = this.#generation;
    for (let at = start; at < end; at++) stamps[page[at] as number] = generation;
  }

  /** Appends and marks those of the set that are not marked yet. */
  collect(sets: IntSets, set: number, into: IntList): void {
    const page = sets.pageOf(set);
    const start = sets.startOf(set);
    const end = start + sets.count(set);
    into.reserve(into.length + end - start);
    const stamps = this.#stamps;
    const generation = this.#generation;
    const items = into.items;
    let length = into.length;
    for (let at = start; at < end; at++) {
      const number = page[at] as number;
      if (stamps[number] === generation) continue;
      stamps[number] = generation;
      items[length++] = number;
    }
    into.length = length;
  }
}
