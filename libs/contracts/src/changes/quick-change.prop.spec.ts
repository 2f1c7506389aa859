// The quick form against the schema: on what our encoder writes and on what nearly looks like it, both give the same record or
// the quick one gives none.
import * as fc from 'fast-check';
import { toWellFormed } from '#libs/matrix';
import type { View } from '#libs/presence';
import { spansInALog } from '#libs/testing';
import { decodeChange, encodeChange } from './changes.js';
import { FoundChange, findChange } from './quick-change.js';

const found = new FoundChange();
const KEY = '@alice:example.org';

/** What is found; undefined = nothing was. */
function foundIn(text: string, key = KEY): object | undefined {
  const spans = spansInALog(key, text);
  if (!findChange(spans, found)) return undefined;
  const { life, version, atMs, presence, statusStart, statusEnd, isCurrentlyActive, lastActiveAtMs } = found;
  const statusMsg = Buffer.from(spans.valueBytes.subarray(statusStart, statusEnd)).toString();
  // A user is ASCII where something is found.
  expect(found.hasHigh).toBe(/[^\0-\x7f]/.test(text));
  const view = {
    presence,
    ...(statusStart < 0 ? {} : { statusMsg }),
    currentlyActive: isCurrentlyActive,
    ...(Number.isNaN(lastActiveAtMs) ? {} : { lastActiveAtMs }),
  };
  return { kind: 'changed', userId: key, life, version, atMs, view };
}

/** As the schema has it, without what is not sought; a reason if it refuses the record. */
function decodedOf(text: string, key = KEY): object | string {
  const decoded = decodeChange(toWellFormed(text), key);
  if (!decoded.ok) return decoded.reason;
  if (decoded.record.kind === 'forgotten') return decoded.record;
  const { kind, userId, life, version, atMs, view } = decoded.record;
  return { kind, userId, life, version, atMs, view };
}

const messages = fc.oneof(
  { weight: 12, arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }) },
  fc.constantFrom('"', '\\', '\ud800', '\u007f', 'é'.repeat(1_024), 'x'.repeat(2_049)),
);
const times = fc.oneof(
  { weight: 12, arbitrary: fc.integer() },
  fc.constantFrom(0, 1_764_174_000_000, -(2 ** 53) + 1, 2 ** 53 - 1),
);
/** Seldom below what the schema takes. */
const from = (least: number): fc.Arbitrary<number> =>
  fc.oneof({ weight: 12, arbitrary: fc.integer({ min: least }) }, fc.constant(least - 1));
const views: fc.Arbitrary<View> = fc.record(
  {
    presence: fc.constantFrom('online', 'unavailable', 'offline', 'busy' as const),
    currentlyActive: fc.boolean(),
    statusMsg: messages,
    lastActiveAtMs: times,
  },
  { requiredKeys: ['presence', 'currentlyActive'] },
);
const causes = fc.oneof(
  fc.record({ topic: fc.constantFrom('activity', 'commands' as const), offset: from(0) }),
  fc.record({ timer: fc.constantFrom('idle', 'active', 'lease', 'grace', 'put' as const) }),
);
const changes = fc.record({
  kind: fc.constant('changed' as const),
  userId: fc.constant(KEY),
  life: from(0),
  version: from(1),
  atMs: times,
  view: views,
  before: views,
  cause: causes,
  applied: fc.record({ activity: from(0), commands: fc.nat() }, { requiredKeys: [] }),
});
const texts = changes.map(encodeChange);

test('what our encoder writes is found, and rightly, unless it is escaped or beyond what is counted on', () => {
  let quick = 0;
  fc.assert(
    fc.property(texts, (text) => {
      const got = foundIn(text);
      if (got === undefined) {
        // Escapes, messages that are too long, sixteen digits, and what the schema refuses.
        expect(/\\|\d{16}/.test(text) || typeof decodedOf(text) === 'string').toBe(true);
        return;
      }
      quick += 1;
      expect({ text, of: got }).toEqual({ text, of: decodedOf(text) });
    }),
    { numRuns: 5_000 },
  );
  expect(quick).toBeGreaterThan(1_000);
});

test('what nearly looks like it is read alike, or not at all', () => {
  let quick = 0;
  const stray = fc.constantFrom('', '0', '-', '1', '.', '"', '\\', ',', ' ', '}', '{', 'true', 'é', '\u0001', ',"x":1');
  fc.assert(
    fc.property(texts, stray, fc.nat(500), fc.nat(2), (whole, piece, at, cut) => {
      const place = at % whole.length;
      const text = whole.slice(0, place) + piece + whole.slice(place + cut);
      const got = foundIn(text);
      if (got === undefined) return;
      quick += 1;
      expect({ text, of: got }).toEqual({ text, of: decodedOf(text) });
    }),
    { numRuns: 20_000 },
  );
  // The comparison means something only if it took place.
  expect(quick).toBeGreaterThan(400);
});

test('it finds nothing under a foreign key or one that is not ASCII, and no erasure', () => {
  const view = { presence: 'online', currentlyActive: true } as const;
  const change = { life: 0, version: 1, atMs: 5, view, before: view, cause: { timer: 'put' }, applied: {} } as const;
  const text = encodeChange({ kind: 'changed', userId: KEY, ...change });
  expect(foundIn(text)).toEqual(decodedOf(text));
  expect(['@alice:example.or', '@blice:example.org', ''].map((key) => foundIn(text, key))).toEqual(
    Array(3).fill(undefined),
  );
  expect(foundIn(encodeChange({ kind: 'changed', userId: '@é:hs', ...change }), '@é:hs')).toBeUndefined();
  expect(foundIn(encodeChange({ kind: 'forgotten', userId: KEY, ...change }))).toBeUndefined();
});
