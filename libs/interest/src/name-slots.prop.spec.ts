// Numbers by hashes against lists: everybody entered is found among those of their hash, or was said to be crowded out; and what names
// made on purpose cost.
import fc from 'fast-check';
import { crowdedNames } from '#libs/testing';
import { AsciiNames, UNKNOWN_NAME } from './ascii-names.js';
import { Interner } from './interner.js';
import { MOST_LOOKS, NameSlots } from './name-slots.js';

/** A global is slow to reach from a test. */
const { imul } = Math;
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

function found(slots: NameSlots, hash: number): number[] {
  const numbers: number[] = [];
  for (let number = slots.first(hash); number >= 0; number = slots.next(hash)) numbers.push(number);
  return numbers;
}

const hash = fc.oneof(fc.integer(), fc.integer({ min: -3, max: 3 }), fc.constantFrom(1_023, 1_024, 2_047, -(2 ** 31)));

it('finds everybody of a hash, before it grows and after', () => {
  fc.assert(
    fc.property(fc.array(hash, { maxLength: 1_500 }), (hashes) => {
      const crowded = new Set<number>();
      const slots = new NameSlots((number) => crowded.add(number));
      const model = new Map<number, number[]>();
      for (const [number, of] of hashes.entries()) {
        slots.enter(of, number);
        model.set(of, [...(model.get(of) ?? []), number]);
      }
      for (const [of, numbers] of model)
        expect(found(slots, of).sort()).toEqual(numbers.filter((number) => !crowded.has(number)).sort());
    }),
    { numRuns: 60 },
  );
});

it('crowds nobody out of a hundred thousand by chance', () => {
  const crowded: number[] = [];
  const slots = new NameSlots((number) => crowded.push(number));
  let state = 1;
  for (let number = 0; number < 100_000; number += 1) {
    state = (imul(state, 1_664_525) + 1_013_904_223) | 0;
    slots.enter(imul(state ^ (state >>> 15), 0x2c1b3c6d), number);
  }
  expect(crowded).toEqual([]);
});

it('keeps so many of one hash, before it grows and after, and says who is crowded out', () => {
  const crowded: number[] = [];
  const slots = new NameSlots((number) => crowded.push(number));
  for (let number = 0; number < 5_000; number += 1) slots.enter(7, number);
  expect(found(slots, 7)).toHaveLength(MOST_LOOKS);
  expect(crowded).toHaveLength(5_000 - MOST_LOOKS);
  for (let number = 5_000; number < 20_000; number += 1) slots.enter(number * 7_919, number);
  expect(found(slots, 7)).toHaveLength(MOST_LOOKS);
});

it('finds names of one hash by their texts and by their bytes, however many there are', () => {
  const names = crowdedNames(300);
  const interner = new Interner();
  const ascii = new AsciiNames(interner);
  names.forEach((name, index) => expect(interner.intern(name)).toBe(index));
  names.forEach((name, index) => {
    expect(interner.intern(name)).toBe(index);
    expect(interner.nameOf(index)).toBe(name);
    expect(ascii.find(bytesOf(`"${name}"`), 1)).toBe(index);
  });
  expect(interner.find('@stranger:hs')).toBeUndefined();
  expect(ascii.find(bytesOf('"@stranger:hs"'), 1)).toBe(UNKNOWN_NAME);
  expect(interner.size).toBe(names.length);
});
