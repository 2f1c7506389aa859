// Our UTF-8 against the platform's.
import fc from 'fast-check';
import { exceedsUtf8, isWellFormed, toWellFormed, utf8Bytes, utf8Length } from './index.js';

// Single UTF-16 units, so that lone surrogates occur, beside whole characters.
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
  fc
    .array(fc.constantFrom('a', 'é', '€', '😀', '\ud83d', '\ude00', '\0'), { maxLength: 20 })
    .map((parts) => parts.join('')),
);

test('bytes and lengths are the platform’s', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const bytes = Buffer.from(text, 'utf8');
      expect(Buffer.from(utf8Bytes(text))).toEqual(bytes);
      expect(utf8Length(text)).toBe(bytes.length);
    }),
    { numRuns: 2_000 },
  );
});

test('the limit is exact', () => {
  fc.assert(
    fc.property(anyText, fc.nat(60), (text, limit) => {
      expect(exceedsUtf8(text, limit)).toBe(Buffer.byteLength(text) > limit);
    }),
    { numRuns: 2_000 },
  );
});

test('repaired text survives a round trip through UTF-8, and what was well-formed is left alone', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const repaired = toWellFormed(text);
      expect(repaired).toBe(Buffer.from(text, 'utf8').toString('utf8'));
      expect(isWellFormed(repaired)).toBe(true);
      expect(isWellFormed(text)).toBe(repaired === text);
    }),
    { numRuns: 2_000 },
  );
});
