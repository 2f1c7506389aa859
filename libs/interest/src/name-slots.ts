// Numbers by the hash of their names: open addressing, a place after the other. Invariant: nobody looks at more than MOST_LOOKS places,
// whatever names somebody makes on purpose (the hash is known to all); whoever found none free is for their owner to keep.

const NONE = -1;
const FIRST_PLACES = 1_024;
/** Half of the places are free: of names by chance the longest row among a million is some 70. */
export const MOST_LOOKS = 128;

export class NameSlots {
  /** The hash of a name, and one more than its number (0 = free). */
  #slots = new Int32Array(2 * FIRST_PLACES);
  #count = 0;
  #slot = 0;
  #looks = 0;

  /** `onCrowded`: told the number for which there was no place, which is then nowhere here. */
  constructor(private readonly onCrowded: (number: number) => void) {}

  /** A number whose name has this hash; −1 = there is none here. */
  first(hash: number): number {
    this.#slot = hash;
    this.#looks = 0;
    return this.#look(hash);
  }

  /** The next after the one that was told last. */
  next(hash: number): number {
    this.#slot += 1;
    this.#looks += 1;
    return this.#look(hash);
  }

  enter(hash: number, number: number): void {
    this.#count += 1;
    if (this.#count * 4 > this.#slots.length) this.#grow();
    this.#place(hash, number);
  }

  #look(hash: number): number {
    const slots = this.#slots;
    const mask = (slots.length >>> 1) - 1;
    let slot = this.#slot & mask;
    for (let looks = this.#looks; looks < MOST_LOOKS; looks += 1) {
      const number = (slots[slot * 2 + 1] as number) - 1;
      if (number < 0) return NONE;
      if (slots[slot * 2] === hash) {
        this.#slot = slot;
        this.#looks = looks;
        return number;
      }
      slot = (slot + 1) & mask;
    }
    return NONE;
  }

  #place(hash: number, number: number): void {
    const slots = this.#slots;
    const mask = (slots.length >>> 1) - 1;
    let slot = hash & mask;
    for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
      if (slots[slot * 2 + 1] === 0) {
        slots[slot * 2] = hash;
        slots[slot * 2 + 1] = number + 1;
        return;
      }
      slot = (slot + 1) & mask;
    }
    this.#count -= 1;
    this.onCrowded(number);
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Int32Array(before.length * 2);
    for (let at = 0; at < before.length; at += 2) {
      const number = (before[at + 1] as number) - 1;
      if (number >= 0) this.#place(before[at] as number, number);
    }
  }
}
