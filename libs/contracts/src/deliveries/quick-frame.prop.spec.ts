// The quick way against the schema: heads and recipients of what our builder writes; of anything that only nearly looks like it,
// the same or nothing.
import * as fc from 'fast-check';
import { isUserId, toWellFormed, type UserId } from '#libs/matrix';
import type { View } from '#libs/presence';
import { FRAME_ENTRY_TAIL, decodeFrame, encodeFrame, frameText, type FrameRecord, type News } from './frame.js';
import { FoundFrame, findFrame } from './quick-frame.js';

const names: string[] = [];
const found = new FoundFrame();

const numbers = {
  end: 0,
  numberAt(bytes: Uint8Array, start: number): number {
    this.end = bytes.indexOf(0x22, start);
    const name = Buffer.from(bytes.subarray(start, Math.max(start, this.end))).toString('utf8');
    if (!/^[\x20-\x5b\x5d-\x7e]*$/.test(name) || !isUserId(name)) return -1;
    const known = names.indexOf(name);
    return known >= 0 ? known : names.push(name) - 1;
  },
};

/** As the gateway reads it; undefined = nothing was found, or its heads do not decode. */
function foundIn(text: string): FrameRecord | undefined {
  const bytes = Buffer.from(text);
  if (!findFrame(bytes, numbers, found)) return undefined;
  const heads = Array.from(
    { length: found.entries },
    (_, entry) => bytes.toString('utf8', found.headStarts[entry], found.headEnds[entry]) + FRAME_ENTRY_TAIL,
  );
  const decoded = decodeFrame(frameText(heads));
  if (!decoded.ok) return undefined;
  const entries = decoded.record.entries.map((entry, index) => {
    const to = found.recipients.subarray(found.recipientStarts[index], found.recipientEnds[index]);
    return { ...entry, to: Array.from(to, (number) => names[number] as UserId) };
  });
  return { entries };
}

const userIds = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0, max: 2_000 }).map((number) => `@user${number}:example.org` as UserId) },
  { weight: 1, arbitrary: fc.constantFrom('@é:hs', '@"\\|:[::1]:80', '@to:hs').filter(isUserId) },
);
const views: fc.Arbitrary<View> = fc.record(
  {
    presence: fc.constantFrom('online', 'unavailable', 'offline', 'busy' as const),
    currentlyActive: fc.boolean(),
    statusMsg: fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
      fc.constantFrom('to', '"to":[', '{}[]'),
    ),
    lastActiveAtMs: fc.integer(),
  },
  { requiredKeys: ['presence', 'currentlyActive'] },
);
const stamps = fc.record({
  userId: userIds,
  life: fc.nat(2),
  version: fc.integer({ min: 1 }),
  changedAtMs: fc.integer(),
});
const news = fc.oneof(
  fc.tuple(stamps, views).map(([stamp, view]): News => ({ kind: 'shown', ...stamp, view })),
  stamps.map((stamp): News => ({ kind: 'gone', ...stamp })),
);
/** Some to the same people as the one before. */
const told = fc
  .array(fc.tuple(fc.array(news, { minLength: 1, maxLength: 3 }), fc.array(userIds, { minLength: 1, maxLength: 40 })), {
    minLength: 1,
    maxLength: 3,
  })
  .map((lists) => lists.flatMap(([several, to]) => several.map((one) => [one, to] as const)));
const frames = told.map((entries) => encodeFrame({ entries: entries.map(([one, to]) => ({ ...one, to })) }));

test('what our builder writes is found, and rightly, unless it must be escaped or is not ASCII', () => {
  let quick = 0;
  fc.assert(
    fc.property(frames, (text) => {
      const decoded = decodeFrame(text);
      const got = foundIn(text);
      if (got === undefined) return expect(text).toMatch(/\\|é/);
      quick += 1;
      expect({ ok: true, record: got }).toEqual(decoded);
    }),
    { numRuns: 2_000 },
  );
  expect(quick).toBeGreaterThan(500);
});

test('what nearly looks like it is read alike, or not at all', () => {
  let quick = 0;
  const stray = fc.constantFrom(
    '',
    '0',
    '-',
    '.',
    '"',
    '\\',
    ',',
    ' ',
    '}',
    ']',
    '[',
    '{',
    '@',
    'é',
    '\u0001',
    ',"to":[',
  );
  fc.assert(
    fc.property(frames, stray, fc.nat(4_000), fc.nat(2), (whole, piece, at, cut) => {
      const place = at % whole.length;
      const text = whole.slice(0, place) + piece + whole.slice(place + cut);
      const got = foundIn(text);
      if (got === undefined) return;
      quick += 1;
      expect({ text, ok: true, record: got }).toEqual({ text, ...decodeFrame(toWellFormed(text)) });
    }),
    { numRuns: 10_000 },
  );
  expect(quick).toBeGreaterThan(1_000);
});
