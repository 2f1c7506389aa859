// Which news may have been told before: the same of its sender by the same partition, or newer by any. Invariant: what is no suspect
// repeats nothing that is held, and nothing that is held in its partition is newer. Columns by the sender's number.
import { grownInt32 } from '#libs/interest';
import type { Stamp } from './position.js';

/** News that are held, in the order of their numbers. */
export interface NumberedNews {
  readonly first: number;
  readonly size: number;
}

export type Suspicion = 'none' | 'same' | 'older';

/** Partitions that one word knows of. */
const FLAGS = 31;

export class SeenSenders {
  readonly #words: number;
  /** What was told last of each, its number's lowest 32 bits. */
  #numbers = new Int32Array(0);
  /** The newest that was told: its number when it was told first, and its stamp. */
  #firsts = new Int32Array(0);
  #lives = new Int32Array(0);
  #versions = new Int32Array(0);
  /** Of each sender so many words: which partitions told the newest; all 0 = nothing was ever told. */
  #flags = new Int32Array(0);

  constructor(
    private readonly held: NumberedNews,
    partitions: number,
  ) {
    this.#words = Math.ceil(Math.max(partitions, 1) / FLAGS);
  }

  /** To be held now under the next number. */
  see(row: number, { life, version }: Stamp, partition: number, number: number): Suspicion {
    this.#reserve(row + 1);
    const word = row * this.#words + Math.floor(partition / FLAGS);
    const flag = 1 << (partition % FLAGS);
    const isHeld = (this.#numbers[row]! - this.held.first) >>> 0 < this.held.size;
    const order = isHeld ? life - this.#lives[row]! || version - this.#versions[row]! : 1;
    this.#numbers[row] = number;
    if (order < 0) return 'older';
    const isSame = order === 0 && (this.#flags[word]! & flag) !== 0;
    if (order > 0) {
      this.#firsts[row] = number;
      this.#lives[row] = life;
      this.#versions[row] = version;
      this.#flags.fill(0, row * this.#words, (row + 1) * this.#words);
    }
    this.#flags[word]! |= flag;
    return isSame ? 'same' : 'none';
  }

  /** Since which number the newest of a sender has been told, the lowest 32 bits. */
  firstOf(row: number): number {
    return this.#firsts[row] ?? 0;
  }

  #reserve(rows: number): void {
    this.#numbers = grownInt32(this.#numbers, rows);
    this.#firsts = grownInt32(this.#firsts, rows);
    this.#lives = grownInt32(this.#lives, rows);
    this.#versions = grownInt32(this.#versions, rows);
    this.#flags = grownInt32(this.#flags, rows * this.#words);
  }
}
