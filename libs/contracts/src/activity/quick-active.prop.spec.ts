// The quick form against the schema: on what our encoder writes, on what nearly looks like it, and on anything else,
// both give the same record or the quick one gives none.
import { spansInALog } from '#libs/testing';
import { isUserId } from '#libs/matrix';
import fc from 'fast-check';
import { decodeActivity, decodeActivityWhole, encodeActivity } from './activity.js';
import { FoundActive, findActive } from './quick-active-bytes.js';
import { quickActive } from './quick-active.js';

const piece = fc.oneof(
  fc.constantFrom(
    '',
    'D',
    'ABCDEFGHIJ',
    'a"b',
    'a\\b',
    'é',
    '😀',
    '\ud800',
    '\0',
    '\u007f',
    'twelve chars',
    'thirteen char',
  ),
  fc.string({ maxLength: 14 }),
);
const userId = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('@a:hs', '@alice:example.org') },
  fc.constantFrom('@é:hs', '@a"b:hs', '@a\\u:hs', 'alice', '@:hs', ''),
  piece,
);
const ago = fc.constantFrom(
  '0',
  '1',
  '-1',
  '-0',
  '007',
  '1.5',
  '1e3',
  '123456789012345',
  '9007199254740992',
  '"5"',
  'null',
  ' 5',
  '5 ',
  '',
);
const stray = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  { weight: 2, arbitrary: fc.constantFrom(',', '"', '}', ' ', '\\', '{') },
);

const nearly = fc
  .record({
    user: userId,
    device: fc.option(piece),
    ago: fc.option(ago),
    stray,
    at: fc.nat(140),
    raw: fc.boolean(),
  })
  .map(({ user, device, ago: agoText, stray, at, raw }) => {
    const quote = (text: string): string => (raw ? `"${text}"` : JSON.stringify(text));
    const deviceField = device === null ? '' : `,"device_id":${quote(device)}`;
    const agoField = agoText === null ? '' : `,"ago_ms":${agoText}`;
    const text = `{"type":"device.active","v":1,"user_id":${quote(user)}${deviceField}${agoField}}`;
    return { user, text: text.slice(0, at) + stray + text.slice(at) };
  });

const found = new FoundActive();

/** What is found in the bytes of a record, as a record; undefined = nothing. */
function foundIn(text: string, key: string): object | undefined {
  const spans = spansInALog(key, text);
  if (!findActive(spans, found)) return undefined;
  const { deviceStart, deviceEnd, agoMs } = found;
  const device =
    deviceStart < 0 ? {} : { deviceId: String.fromCharCode(...spans.valueBytes.subarray(deviceStart, deviceEnd)) };
  return { userId: key, input: { type: 'device.active', ...device, ...(agoMs < 0 ? {} : { agoMs }) } };
}

const isPlainUser = (key: string): boolean => isUserId(key) && /^[\x20-\x7e]*$/.test(key) && !/["\\]/.test(key);

test('what is found in bytes is what the schema gives', () => {
  let quick = 0;
  fc.assert(
    fc.property(nearly, ({ user, text }) => {
      const record = isPlainUser(user) ? foundIn(text, user) : undefined;
      if (record === undefined) return;
      quick += 1;
      expect({ text, ...decodeActivityWhole(text, user) }).toEqual({ text, ok: true, record });
    }),
    { numRuns: 20_000 },
  );
  expect(quick).toBeGreaterThan(500);
});

test('they agree on everything that looks alike', () => {
  let quick = 0;
  fc.assert(
    fc.property(nearly, ({ user, text }) => {
      const record = quickActive(text, user);
      if (record === undefined) return;
      quick += 1;
      expect({ text, ...decodeActivityWhole(text, user) }).toEqual({ text, ok: true, record });
    }),
    { numRuns: 20_000 },
  );
  // The comparison means something only if it took place.
  expect(quick).toBeGreaterThan(500);
});

test('what our encoder writes for plain ids is read quickly, and rightly', () => {
  const device = fc.option(fc.stringMatching(/^[A-Za-z0-9_]{1,12}$/), { nil: undefined });
  fc.assert(
    fc.property(
      fc.stringMatching(/^@[a-z0-9.]{1,20}:[a-z]{1,10}$/),
      device,
      fc.option(fc.nat(), { nil: undefined }),
      (user, deviceId, agoMs) => {
        const input = {
          type: 'device.active' as const,
          ...(deviceId === undefined ? {} : { deviceId }),
          ...(agoMs === undefined ? {} : { agoMs }),
        };
        const text = encodeActivity({ userId: user, input });
        expect(quickActive(text, user)).toEqual({ userId: user, input });
        expect(foundIn(text, user)).toEqual({ userId: user, input });
        expect(decodeActivity(text, user)).toEqual(decodeActivityWhole(text, user));
      },
    ),
    { numRuns: 2_000 },
  );
});

test('it takes nothing under a foreign key', () => {
  const text = encodeActivity({ userId: '@ab:hs', input: { type: 'device.active' } });
  expect([
    quickActive(text, '@a'),
    quickActive(text, ''),
    quickActive(text, '@ab:h'),
    quickActive(text, '@ab:hs2'),
    ...['@a:hs', '@ab:h', '@ab:hs2', '@ac:hs'].map((key) => foundIn(text, key)),
  ]).toEqual(Array(8).fill(undefined));
});
