// Names found from their bytes have the interner's own numbers, whichever way they came.
import fc from 'fast-check';
import { AsciiNames, NO_PLAIN_NAME, UNKNOWN_NAME } from './ascii-names.js';
import { Interner } from './interner.js';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
const names = fc.oneof(
  fc.integer({ min: 0, max: 3_000 }).map((number) => `@user${number}:example.org`),
  fc.nat(2).map((more) => 'x'.repeat(254 + more)),
  fc.string({ unit: 'grapheme-ascii', maxLength: 12 }).filter((name) => PLAIN.test(name)),
);

test('a name has one number, whether it comes as text or as bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(names, fc.boolean(), fc.nat(3)), { maxLength: 3_000 }), (asked) => {
      const interner = new Interner();
      const ascii = new AsciiNames(interner);
      const numbers = new Map<string, number>();
      for (const [name, asText, before] of asked) {
        const bytes = bytesOf(`${'"'.repeat(before)}${name}"`);
        const found = ascii.find(bytes, before);
        // What is longer than a user may be called is a text.
        const isText = name.length === 0 || name.length > 255;
        expect(found).toBe(isText ? UNKNOWN_NAME : (numbers.get(name) ?? UNKNOWN_NAME));
        expect(ascii.end).toBe(before + name.length);
        const number = asText ? interner.intern(name) : found;
        if (number < 0) continue;
        expect(number).toBe(numbers.get(name) ?? numbers.size);
        numbers.set(name, number);
        expect(interner.nameOf(number)).toBe(name);
      }
    }),
    { numRuns: 50 },
  );
});

it.each(['@é:hs"', '@a\\"b"', '@a\u0001"', '@never:ending', ''])('is no plain name: %j', (text) => {
  expect(new AsciiNames(new Interner()).find(bytesOf(text), 0)).toBe(NO_PLAIN_NAME);
});

it('tells two names of one hash apart, as text and as bytes', () => {
  const [one, other] = ['@sps79cl2j:hs', '@3godwj23m1:hs'];
  const interner = new Interner();
  const ascii = new AsciiNames(interner);
  expect(interner.intern(one)).toBe(0);
  expect(interner.find(other)).toBeUndefined();
  expect(ascii.find(bytesOf(`${other}"`), 0)).toBe(UNKNOWN_NAME);
  expect(interner.intern(other)).toBe(1);
  for (const [number, name] of [one, other].entries()) {
    expect(interner.find(name)).toBe(number);
    expect(ascii.find(bytesOf(`${name}"`), 0)).toBe(number);
  }
});
