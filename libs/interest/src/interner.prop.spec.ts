// Names as bytes against a Map of texts: same numbers, same names back, whatever the names are made of.
import fc from 'fast-check';
import { Interner } from './interner.js';

const name = fc.oneof(
  fc.nat(40).map((number) => `@user-${number}:hs`),
  fc.string({ maxLength: 6 }),
  fc.string({ maxLength: 6, unit: 'grapheme' }),
  fc.nat(3).map((more) => 'x'.repeat(254 + more)),
  fc.constantFrom('', '\u007f', '\u0080', 'é', '漢字', '🐟', '\ud800', '\0'),
);

it('gives each name one number, from 0 on, and the name back', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.boolean()), { maxLength: 200 }), (asked) => {
      const interner = new Interner();
      const model = new Map<string, number>();
      for (const [text, isInterned] of asked) {
        expect(interner.find(text)).toBe(model.get(text));
        if (!isInterned) continue;
        if (!model.has(text)) model.set(text, model.size);
        expect(interner.intern(text)).toBe(model.get(text));
      }
      expect(interner.size).toBe(model.size);
      for (const [text, number] of model) expect(interner.nameOf(number)).toBe(text);
      for (const number of [-1, -2, model.size, NaN])
        expect(() => interner.nameOf(number)).toThrow('no name has the number');
    }),
  );
});

it('goes on beyond a chunk, its columns and the texts it keeps', () => {
  const interner = new Interner();
  const names = Array.from({ length: 60_000 }, (_, index) => `@user-${index}-of-a-rather-long-name:example.org`);
  names.forEach((text, index) => {
    if (interner.intern(text) !== index) throw new Error(text);
  });
  names.forEach((text, index) => {
    if (interner.find(text) !== index || interner.nameOf(index) !== text) throw new Error(text);
  });
  expect(interner.find('@user-60000-of-a-rather-long-name:example.org')).toBeUndefined();
  expect(interner.size).toBe(names.length);
});
