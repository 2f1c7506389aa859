// The quick form against the schema: on what our encoder writes and on what nearly looks like it, both give the same record or
// the quick one gives none.
import * as fc from 'fast-check';
import { toWellFormed } from '#libs/matrix';
import { spansInALog } from '#libs/testing';
import { decodeCommand, encodeCommand } from './commands.js';
import { FoundSet, findSet } from './quick-set.js';

const found = new FoundSet();
const KEY = '@alice:example.org';

/** As a record; undefined = nothing was found. */
function foundIn(text: string, key = KEY): object | undefined {
  const spans = spansInALog(key, text);
  if (!findSet(spans, found)) return undefined;
  const textOf = (start: number, end: number): string => Buffer.from(spans.valueBytes.subarray(start, end)).toString();
  const { deviceStart, deviceEnd, presence, messageStart, messageEnd, hasHigh } = found;
  const deviceId = textOf(deviceStart, deviceEnd);
  const statusMsg = textOf(messageStart, messageEnd);
  // Users are plain here.
  expect(hasHigh).toBe(/[^\0-\x7f]/.test(deviceId + statusMsg));
  const message = statusMsg === '' ? {} : { statusMsg };
  return { userId: key, input: { type: 'presence.set', deviceId, presence, ...message } };
}

const odd = fc.constantFrom('', 'a"b', 'a\\b', 'é', '😀', '\ud800', '\0', '\u007f', '\ufeff', 'x'.repeat(2_049));
const devices = fc.oneof({ weight: 3, arbitrary: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/) }, odd);
const sets = fc.record(
  {
    type: fc.constant('presence.set' as const),
    deviceId: devices,
    presence: fc.constantFrom('online', 'unavailable', 'offline', 'busy' as const),
    statusMsg: fc.oneof({ weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }) }, odd),
  },
  { requiredKeys: ['type', 'deviceId', 'presence'] },
);
const texts = sets.map((input) => encodeCommand({ userId: KEY, input }));

test('what our encoder writes is found, and rightly, unless it is escaped, too long or nothing', () => {
  let quick = 0;
  fc.assert(
    fc.property(texts, (text) => {
      const record = foundIn(text);
      if (record === undefined) return expect(text).toMatch(/\\|x{2049}|"device_id":""/);
      quick += 1;
      expect({ text, ...decodeCommand(toWellFormed(text), KEY) }).toEqual({ text, ok: true, record });
    }),
    { numRuns: 5_000 },
  );
  expect(quick).toBeGreaterThan(2_000);
});

test('what nearly looks like it is read alike, or not at all', () => {
  let quick = 0;
  const stray = fc.constantFrom('', '0', '"', '\\', ',', ' ', '}', '{', 'null', 'é', '\u0001', ',"x":1', 'busy');
  fc.assert(
    fc.property(texts, stray, fc.nat(200), fc.nat(2), (whole, piece, at, cut) => {
      const place = at % whole.length;
      const text = whole.slice(0, place) + piece + whole.slice(place + cut);
      const record = foundIn(text);
      if (record === undefined) return;
      quick += 1;
      expect({ text, ...decodeCommand(toWellFormed(text), KEY) }).toEqual({ text, ok: true, record });
    }),
    { numRuns: 20_000 },
  );
  // The comparison means something only if it took place.
  expect(quick).toBeGreaterThan(1_000);
});

test('it finds messages up to their bound, and nothing under a foreign key or of another command', () => {
  const set = { type: 'presence.set', deviceId: 'D', presence: 'busy', statusMsg: 'é'.repeat(1_024) } as const;
  const text = encodeCommand({ userId: KEY, input: set });
  expect(foundIn(text)).toEqual({ userId: KEY, input: set });
  expect(foundIn(encodeCommand({ userId: KEY, input: { ...set, statusMsg: `${set.statusMsg}.` } }))).toBeUndefined();
  expect(['@alice:example.or', '@blice:example.org', ''].map((key) => foundIn(text, key))).toEqual(
    Array(3).fill(undefined),
  );
  const others = [{ type: 'user.forget' }, { type: 'presence.override', presence: 'busy' }] as const;
  expect(others.map((input) => foundIn(encodeCommand({ userId: KEY, input })))).toEqual([undefined, undefined]);
});
