// The quick form against the schema: on what our encoder writes and on what nearly looks like it, both give the same record or
// the quick one gives none.
import * as fc from 'fast-check';
import { decodeActivityWhole, encodeActivity } from './activity.js';
import { FoundConnected, findConnected } from './quick-connected.js';

const utf8 = new TextEncoder();
const found = new FoundConnected();
const KEY = '@alice:example.org';

/** As a record; undefined = nothing was found. */
function foundIn(text: string, key = KEY): object | undefined {
  // Somewhere in a log, with other bytes around it.
  const bytes = utf8.encode(`{"${key}${text}"}`);
  const keyStart = 2;
  const keyEnd = keyStart + utf8.encode(key).length;
  const spans = {
    keyBytes: bytes,
    keyStart,
    keyEnd,
    valueBytes: bytes,
    valueStart: keyEnd,
    valueEnd: bytes.length - 2,
  };
  if (!findConnected(spans, found)) return undefined;
  const textOf = (start: number, end: number): string => String.fromCharCode(...bytes.subarray(start, end));
  const { deviceStart, deviceEnd, sessionStart, sessionEnd, claim, leaseMs } = found;
  const ids = { deviceId: textOf(deviceStart, deviceEnd), sessionId: textOf(sessionStart, sessionEnd) };
  return { userId: key, input: { type: 'device.connected', ...ids, claim, leaseMs } };
}

const ids = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/) },
  fc.constantFrom('', 'a"b', 'a\\b', 'é', '😀', '\ud800', '\0', '\u007f'),
);
const texts = fc
  .record({
    deviceId: ids,
    sessionId: ids,
    claim: fc.constantFrom('auto', 'online', 'unavailable', 'none' as const),
    leaseMs: fc.oneof(fc.integer({ min: -1, max: 600_000 }), fc.constantFrom(0, 1.5, 2 ** 53, 1e21)),
  })
  .map((input) => encodeActivity({ userId: KEY, input: { type: 'device.connected', ...input } }));

test('what our encoder writes is found, and rightly, or left to the schema', () => {
  let quick = 0;
  fc.assert(
    fc.property(texts, (text) => {
      const record = foundIn(text);
      if (record === undefined) return;
      quick += 1;
      expect({ text, ...decodeActivityWhole(text, KEY) }).toEqual({ text, ok: true, record });
    }),
    { numRuns: 5_000 },
  );
  expect(quick).toBeGreaterThan(1_000);
});

test('what nearly looks like it is read alike, or not at all', () => {
  let quick = 0;
  const stray = fc.constantFrom('', '0', '-', '1', '.', '"', '\\', ',', ' ', '}', 'é', '\u0001', ',"x":1');
  fc.assert(
    fc.property(texts, stray, fc.nat(200), fc.nat(2), (whole, piece, at, cut) => {
      const place = at % whole.length;
      const text = whole.slice(0, place) + piece + whole.slice(place + cut);
      const record = foundIn(text);
      if (record === undefined) return;
      quick += 1;
      expect({ text, ...decodeActivityWhole(text, KEY) }).toEqual({ text, ok: true, record });
    }),
    { numRuns: 20_000 },
  );
  // The comparison means something only if it took place.
  expect(quick).toBeGreaterThan(200);
});

test('it finds plain ids, and nothing under a foreign key', () => {
  const session = { sessionId: 'g-1', claim: 'auto', leaseMs: 300_000 } as const;
  const record = { userId: KEY, input: { type: 'device.connected' as const, deviceId: 'D', ...session } };
  const text = encodeActivity(record);
  expect(foundIn(text)).toEqual(record);
  expect(['@alice:example.or', '@blice:example.org', ''].map((key) => foundIn(text, key))).toEqual(
    Array(3).fill(undefined),
  );
});
