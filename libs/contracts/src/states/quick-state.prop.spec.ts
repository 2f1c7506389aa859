// The quick way against the schema: of what our encoder writes it finds the same; of anything that only nearly looks like
// it, the same or nothing.
import * as fc from 'fast-check';
import type { View } from '#libs/presence';
import { spansInALog } from '#libs/testing';
import { FoundState, findState } from './quick-state.js';
import { decodeState, encodeState } from './states.js';

const found = new FoundState();
const KEY = '@alice:example.org';

/** undefined = nothing was found. */
function foundIn(text: string): object | undefined {
  const spans = spansInALog(KEY, text);
  if (!findState(spans, found)) return undefined;
  const { life, version, changedAtMs, presence, statusStart, statusEnd, isCurrentlyActive, lastActiveAtMs } = found;
  const statusMsg = new TextDecoder().decode(spans.valueBytes.subarray(statusStart, statusEnd));
  return {
    userId: KEY,
    life,
    version,
    changedAtMs,
    view: {
      presence,
      ...(statusStart < 0 ? {} : { statusMsg }),
      currentlyActive: isCurrentlyActive,
      ...(Number.isNaN(lastActiveAtMs) ? {} : { lastActiveAtMs }),
    },
  };
}

function decodedOf(text: string): object {
  const decoded = decodeState(Buffer.from(text).toString(), KEY);
  return decoded.ok ? decoded.record : decoded;
}

const views: fc.Arbitrary<View> = fc
  .record({
    presence: fc.constantFrom('online', 'unavailable', 'offline', 'busy' as const),
    currentlyActive: fc.boolean(),
    statusMsg: fc.option(fc.string({ unit: 'grapheme', maxLength: 20 }), { nil: undefined }),
    lastActiveAtMs: fc.option(fc.integer(), { nil: undefined }),
  })
  .map(({ statusMsg, lastActiveAtMs, ...view }) => ({
    ...view,
    ...(statusMsg === undefined ? {} : { statusMsg }),
    ...(lastActiveAtMs === undefined ? {} : { lastActiveAtMs }),
  }));
const states = fc
  .record({ life: fc.nat(3), version: fc.integer({ min: 1 }), changedAtMs: fc.integer(), view: views })
  .map((state) => encodeState({ userId: KEY, ...state }));

test('what our encoder writes is found, and rightly, unless JSON escapes something in it', () => {
  let quick = 0;
  fc.assert(
    fc.property(states, (text) => {
      const got = foundIn(text);
      if (got === undefined) return expect(text).toContain('\\');
      quick += 1;
      expect(got).toEqual(decodedOf(text));
    }),
    { numRuns: 3_000 },
  );
  expect(quick).toBeGreaterThan(2_000);
});

test('what nearly looks like it is read alike, or not at all', () => {
  let quick = 0;
  const stray = fc.constantFrom('', '0', '-', '1', '.', '"', '\\', ',', ' ', '}', 'true', 'é', '\u0001', ',"x":1');
  fc.assert(
    fc.property(states, stray, fc.nat(300), fc.nat(2), (whole, piece, at, cut) => {
      const place = at % whole.length;
      const text = whole.slice(0, place) + piece + whole.slice(place + cut);
      const got = foundIn(text);
      if (got === undefined) return;
      quick += 1;
      expect({ text, ...got }).toEqual({ text, ...decodedOf(text) });
    }),
    { numRuns: 10_000 },
  );
  expect(quick).toBeGreaterThan(200);
});

test('a message over its bound is left to the schema, which refuses it', () => {
  const view = { presence: 'online', currentlyActive: true, statusMsg: 'x'.repeat(2_049) } as const;
  expect(foundIn(encodeState({ userId: KEY, life: 0, version: 1, changedAtMs: 5, view }))).toBeUndefined();
});
