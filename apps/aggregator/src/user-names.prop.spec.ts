// The table of names against a Map: the same numbers for the same names, whatever the names are and however many.
import fc from 'fast-check';
import { crowdedNames } from '#libs/testing';
import { KnownTexts } from './known-texts.js';
import { UserNames } from './user-names.js';

const name = fc.oneof(
  fc.constantFrom('@a:hs', '@b:hs', '@a"b:hs', '@a\\b:hs', '@é:hs', '@\u{1f600}:hs', ''),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.stringMatching(/^@[a-z0-9]{1,12}:[a-z]{1,9}$/),
);

function numbersOf(names: readonly string[]): { readonly table: UserNames; readonly numbers: number[] } {
  const table = new UserNames();
  const numbers = names.map((text) => {
    const bytes = Buffer.from(`<${text}>`);
    const found = table.find(bytes, 1, bytes.length - 1);
    return found < 0 ? table.add(bytes, 1, bytes.length - 1) : found;
  });
  return { table, numbers };
}

const standsInJson = (text: string): boolean => JSON.stringify(text) === `"${text}"` && /^[\x20-\x7e]*$/.test(text);

test('numbers are given out once, in order, and names come back', () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 80 }), (names) => {
      const known = new Map<string, number>();
      for (const text of names) if (!known.has(text)) known.set(text, known.size);
      const { table, numbers } = numbersOf(names);
      expect(numbers).toEqual(names.map((text) => known.get(text)));
      expect(table.size).toBe(known.size);
      const seen = [...known].map(([, id]) => ({ text: table.text(id), plain: table.isPlain(id) }));
      expect(seen).toEqual([...known].map(([text]) => ({ text, plain: standsInJson(text) })));
    }),
  );
});

test('a hundred thousand names, longer than a chunk together, are all found again and nobody else', () => {
  const names = Array.from({ length: 100_000 }, (_, index) => `@user${index}:bench.example`);
  const { table, numbers } = numbersOf(names);
  expect(numbers.every((id, index) => id === index)).toBe(true);
  expect(names.every((text, index) => table.text(index) === text)).toBe(true);
  const stranger = Buffer.from('@user100000:bench.example');
  expect(table.find(stranger, 0, stranger.length)).toBe(-1);
});

test('names that somebody made so that they lie in one place are found too, and nobody else', () => {
  const names = crowdedNames(300);
  const { table, numbers } = numbersOf([...names, '@é:hs', ...names]);
  expect(numbers).toEqual([...names.keys(), names.length, ...names.keys()]);
  expect(names.every((text, index) => table.text(index) === text)).toBe(true);
  const stranger = Buffer.from('@stranger:evil');
  expect(table.find(stranger, 0, stranger.length)).toBe(-1);
});

test('a text that is known is the same string, and one that fell out is made anew', () => {
  const texts = new KnownTexts();
  fc.assert(
    fc.property(fc.stringMatching(/^[\x20-\x7e]{0,12}$/), (text) => {
      const bytes = Buffer.from(`..${text}..`);
      expect(texts.of(bytes, 2, bytes.length - 2)).toBe(text);
    }),
    { numRuns: 2_000 },
  );
});
