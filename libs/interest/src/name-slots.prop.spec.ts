// Numbers by hashes against lists: everybody entered is found among those of their hash, or was said to be crowded out; and what names
// made on purpose cost.
import fc from 'fast-check';
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
  const names = collisions(300);
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

/** Names whose places in a table of up to 2^12 are the same: the low bits of their FNV-1a, mixed as the interner mixes it. */
function collisions(count: number): string[] {
  const names: string[] = [];
  for (let number = 0; names.length < count; number += 1) {
    const name = `@${number.toString(36)}:evil`;
    let of = 0x811c9dc5;
    for (let at = 0; at < name.length; at += 1) of = imul(of ^ name.charCodeAt(at), 0x01000193);
    of = imul(of ^ (of >>> 15), 0x2c1b3c6d);
    if (((of ^ (of >>> 13)) & 0xfff) === 0x123) names.push(name);
  }
  return names;
}
