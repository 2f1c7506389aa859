// What is suspected of having been told before, in the order in which it comes.
import { SeenSenders } from './seen-senders.js';

interface Seen {
  readonly life?: number;
  readonly version: number;
  readonly partition?: number;
}

class Told {
  readonly #stamps: { readonly life: number; readonly version: number }[] = [];
  first = 0;
  readonly #seen = new SeenSenders(this);

  lifeOf = (number: number): number => this.#stamps[number]!.life;
  versionOf = (number: number): number => this.#stamps[number]!.version;

  see({ life = 0, version, partition = 0 }: Seen, row = 7): boolean {
    this.#stamps.push({ life, version });
    return this.#seen.see(row, { life, version }, partition, this.#stamps.length - 1);
  }
}

let told: Told;
beforeEach(() => {
  told = new Told();
});

it('is what a partition repeats, and not what each tells for the first time', () => {
  const seen = [0, 1, 40, 1, 0].map((partition) => told.see({ version: 1, partition }));
  expect(seen).toEqual([false, false, false, true, true]);
});

it('is nothing newer, of this life or of the next', () => {
  expect([{ version: 5 }, { version: 6 }, { life: 1, version: 1 }].map((stamp) => told.see(stamp))).toEqual([
    false,
    false,
    false,
  ]);
});

it('is what is older than was told in any partition, and all that follows it until that is let go', () => {
  told.see({ version: 6, partition: 1 });
  expect([told.see({ version: 5 }), told.see({ version: 7 })]).toEqual([true, true]);
  told.first = 3;
  expect([told.see({ version: 7 }), told.see({ version: 8 })]).toEqual([false, false]);
});

it('is nothing of a sender of whom all was let go, and of nobody else', () => {
  told.see({ version: 6 });
  expect(told.see({ version: 6 }, 100_000)).toBe(false);
  told.first = 1;
  expect([told.see({ version: 6 }), told.see({ version: 6 }, 100_000)]).toEqual([false, true]);
});

it('is, where more partitions than flags tell the same, at times what is told for the first time', () => {
  const seen = Array.from({ length: 62 }, (_, partition) => told.see({ version: 1, partition }));
  expect(seen.indexOf(true)).toBe(31);
});
