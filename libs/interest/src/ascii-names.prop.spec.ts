// Names found from their bytes have the interner's own numbers, whichever way they came.
import fc from 'fast-check';
import { AsciiNames } from './ascii-names.js';
import { Interner } from './interner.js';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (unit) => unit.charCodeAt(0));
const names = fc.oneof(
  fc.integer({ min: 0, max: 3_000 }).map((number) => `@user${number}:example.org`),
  fc.string({ unit: 'grapheme-ascii', maxLength: 12 }),
);

test('a name has one number, whether it comes as text or as bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(names, fc.boolean(), fc.nat(3)), { maxLength: 3_000 }), (asked) => {
      const interner = new Interner();
      const ascii = new AsciiNames(interner);
      const numbers = new Map<string, number>();
      const entered = new Set<string>();
      for (const [name, asText, before] of asked) {
        const bytes = bytesOf(`${' '.repeat(before)}${name}!`);
        const place = [before, before + name.length] as const;
        const found = ascii.find(bytes, ...place);
        expect(found).toBe(entered.has(name) ? numbers.get(name) : -1);
        const number = asText ? interner.intern(name) : found >= 0 ? found : ascii.enter(bytes, ...place);
        if (!asText) entered.add(name);
        expect(number).toBe(numbers.get(name) ?? numbers.size);
        numbers.set(name, number);
        expect(interner.nameOf(number)).toBe(name);
      }
    }),
    { numRuns: 50 },
  );
});
