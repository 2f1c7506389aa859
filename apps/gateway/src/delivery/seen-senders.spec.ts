// What is suspected of having been told before, in the order in which it comes.
import { SeenSenders, type Suspicion } from './seen-senders.js';

interface Seen {
  readonly life?: number;
  readonly version: number;
  readonly partition?: number;
}

class Told {
  first = 0;
  size = 0;
  readonly #seen: SeenSenders;

  constructor(partitions = 64) {
    this.#seen = new SeenSenders(this, partitions);
  }

  see({ life = 0, version, partition = 0 }: Seen, row = 7): Suspicion {
    const seen = this.#seen.see(row, { life, version }, partition, this.first + this.size);
    this.size += 1;
    return seen;
  }

  letGo(count: number): void {
    this.first += count;
    this.size -= count;
  }
}

let told: Told;
beforeEach(() => {
  told = new Told();
});

it('is what a partition repeats, and not what each tells for the first time', () => {
  const partitions = Array.from({ length: 64 }, (_, partition) => partition);
  expect(new Set(partitions.map((partition) => told.see({ version: 1, partition })))).toEqual(new Set(['none']));
  expect(new Set(partitions.map((partition) => told.see({ version: 1, partition })))).toEqual(new Set(['same']));
});

it('is nothing newer, of this life or of the next', () => {
  const stamps = [{ version: 5 }, { version: 6 }, { life: 1, version: 1 }];
  expect(stamps.map((stamp) => told.see(stamp))).toEqual(['none', 'none', 'none']);
});

it('is what is older than was told in any partition, and nothing that follows it', () => {
  told.see({ version: 6, partition: 1 });
  const seen = [{ version: 5 }, { version: 6 }, { version: 6 }, { version: 7 }, { version: 7, partition: 1 }];
  expect(seen.map((stamp) => told.see(stamp))).toEqual(['older', 'none', 'same', 'none', 'none']);
});

it('is nothing of a sender of whom all was let go, and of nobody else', () => {
  told.see({ version: 6 });
  expect(told.see({ version: 6 }, 100_000)).toBe('none');
  told.letGo(1);
  expect([told.see({ version: 5 }), told.see({ version: 6 }, 100_000)]).toEqual(['none', 'same']);
});

it('is remembered for as long as anything of the sender is held', () => {
  told.see({ version: 6 });
  told.see({ version: 5 });
  told.letGo(1);
  expect([told.see({ version: 5 }), told.see({ version: 6 })]).toEqual(['older', 'same']);
});
