// The quick form against the schema: on what our encoder writes and on what nearly looks like it, both give the same record or
// the quick one gives none.
import * as fc from 'fast-check';
import { spansInALog } from '#libs/testing';
import { decodeActivityWhole, encodeActivity } from './activity.js';
import { FoundSession, findSession } from './quick-sessions.js';

const found = new FoundSession();
const KEY = '@alice:example.org';

/** As a record; undefined = nothing was found. */
function foundIn(text: string, key = KEY): object | undefined {
  const spans = spansInALog(key, text);
  if (!findSession(spans, found)) return undefined;
  const textOf = (start: number, end: number): string => String.fromCharCode(...spans.valueBytes.subarray(start, end));
  const { deviceStart, deviceEnd, sessionStart, sessionEnd, isConnect, claim, leaseMs, agoMs } = found;
  const ids = { deviceId: textOf(deviceStart, deviceEnd), sessionId: textOf(sessionStart, sessionEnd) };
  if (isConnect) return { userId: key, input: { type: 'device.connected', ...ids, claim, leaseMs } };
  const ago = Number.isNaN(agoMs) ? {} : { agoMs };
  return { userId: key, input: { type: 'device.disconnected', ...ids, ...ago } };
}

const ids = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/) },
  fc.constantFrom('', 'a"b', 'a\\b', 'é', '😀', '\ud800', '\0', '\u007f'),
);
const spans = fc.oneof(fc.integer({ min: -1, max: 600_000 }), fc.constantFrom(0, 1.5, 2 ** 53, 1e21));
const connects = fc.record({
  type: fc.constant('device.connected' as const),
  deviceId: ids,
  sessionId: ids,
  claim: fc.constantFrom('auto', 'online', 'unavailable', 'none' as const),
  leaseMs: spans,
});
const disconnects = fc.record(
  { type: fc.constant('device.disconnected' as const), deviceId: ids, sessionId: ids, agoMs: spans },
  { requiredKeys: ['type', 'deviceId', 'sessionId'] },
);
const texts = fc.oneof(connects, disconnects).map((input) => encodeActivity({ userId: KEY, input }));

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
  const ids = { deviceId: 'D', sessionId: 'g-1' };
  const records = [
    { userId: KEY, input: { type: 'device.connected' as const, ...ids, claim: 'auto' as const, leaseMs: 300_000 } },
    { userId: KEY, input: { type: 'device.disconnected' as const, ...ids } },
    { userId: KEY, input: { type: 'device.disconnected' as const, ...ids, agoMs: 7 } },
  ];
  for (const record of records) {
    const text = encodeActivity(record);
    expect(foundIn(text)).toEqual(record);
    expect(['@alice:example.or', '@blice:example.org', ''].map((key) => foundIn(text, key))).toEqual(
      Array(3).fill(undefined),
    );
  }
});
