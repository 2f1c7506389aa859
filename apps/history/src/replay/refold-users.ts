// Everybody whom a re-fold knows, with their aggregates. Invariant: whoever has a number has an aggregate.
import { Aggregate } from '#libs/presence';
import { UserNumbers } from '../user-numbers.js';

export class RefoldUsers implements Iterable<readonly [string, Aggregate]> {
  readonly numbers = new UserNumbers();
  readonly #aggregates: Aggregate[] = [];

  get size(): number {
    return this.#aggregates.length;
  }

  /** The user must be new, and its id one of Matrix. */
  add(userId: string, aggregate = new Aggregate()): number {
    this.#aggregates.push(aggregate);
    return this.numbers.add(userId);
  }

  aggregate(user: number): Aggregate {
    return this.#aggregates[user]!;
  }

  get(userId: string): Aggregate | undefined {
    const user = this.numbers.numberOf(userId);
    return user < 0 ? undefined : this.#aggregates[user];
  }

  *[Symbol.iterator](): Generator<readonly [string, Aggregate]> {
    for (const [user, aggregate] of this.#aggregates.entries()) yield [this.numbers.name(user), aggregate];
  }
}
