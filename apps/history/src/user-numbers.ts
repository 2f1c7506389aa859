// Users by number: found by name, or by the bytes of a record's key without a text being made of them, since that is asked of every
// record. Invariant: a user has one number, given out once, from 0 on; what is too long for a Matrix id is nobody.
import { UserNames } from '#apps/aggregator';

const MOST_BYTES = 255;
/** A unit of a text takes at most three bytes. */
const scratch = Buffer.alloc(3 * MOST_BYTES);
const NOBODY = -1;

export class UserNumbers {
  readonly #names = new UserNames();

  get size(): number {
    return this.#names.size;
  }

  /** −1 = nobody. */
  find(bytes: Uint8Array, start: number, end: number): number {
    return this.#names.find(bytes, start, end);
  }

  /** −1 = it is no name. */
  findOrAdd(bytes: Uint8Array, start: number, end: number): number {
    const found = this.#names.find(bytes, start, end);
    if (found >= 0) return found;
    return end - start > MOST_BYTES ? NOBODY : this.#names.add(bytes, start, end);
  }

  numberOf(userId: string): number {
    const length = written(userId);
    return length > MOST_BYTES ? NOBODY : this.#names.find(scratch, 0, length);
  }

  /** The user must be new, and its id one of Matrix. */
  add(userId: string): number {
    return this.#names.add(scratch, 0, written(userId));
  }

  name(user: number): string {
    return this.#names.text(user);
  }

  /** −1 = nobody, or one whose name does not stand in JSON as it is. */
  findPlain(bytes: Uint8Array, start: number, end: number): number {
    return this.#names.findPlain(bytes, start, end);
  }
}

function written(userId: string): number {
  return userId.length > MOST_BYTES ? MOST_BYTES + 1 : scratch.write(userId);
}
