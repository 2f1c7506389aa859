// Which news may have been told before: the same or newer of its sender, by the same partition. Invariant: what is no suspect repeats
// nothing that is held. Two columns by the sender's number.
import type { Stamp } from './position.js';

/** News that are held, in the order of their numbers. */
export interface NumberedStamps {
  readonly first: number;
  lifeOf(number: number): number;
  versionOf(number: number): number;
}

const NONE = -1;
/** Partitions share so many flags; who shares one is suspected once too often, and looked at. */
const FLAGS = 31;
/** Something older came after something newer: until it is let go, everything is suspected. */
const TANGLED = -1;

export class SeenSenders {
  /** The number of the news that was told last. */
  #numbers = new Float64Array(0);
  /** By which partitions, or `TANGLED`. */
  #flags = new Int32Array(0);

  constructor(private readonly held: NumberedStamps) {}

  /** To be held now under a number: whether it may have been told before. */
  see(row: number, { life, version }: Stamp, partition: number, number: number): boolean {
    this.#reserve(row + 1);
    const [flag, last] = [1 << (partition % FLAGS), this.#numbers[row]!];
    const flags = last < this.held.first ? 0 : this.#flags[row]!;
    this.#numbers[row] = number;
    if (flags === 0) {
      this.#flags[row] = flag;
      return false;
    }
    const order = flags === TANGLED ? -1 : life - this.held.lifeOf(last) || version - this.held.versionOf(last);
    if (order > 0) this.#flags[row] = flag;
    else this.#flags[row] = order < 0 ? TANGLED : flags | flag;
    return order < 0 || (order === 0 && (flags & flag) !== 0);
  }

  #reserve(size: number): void {
    if (size <= this.#numbers.length) return;
    const length = Math.max(size, this.#numbers.length * 2);
    const [numbers, flags] = [new Float64Array(length).fill(NONE, this.#numbers.length), new Int32Array(length)];
    numbers.set(this.#numbers);
    flags.set(this.#flags);
    [this.#numbers, this.#flags] = [numbers, flags];
  }
}
