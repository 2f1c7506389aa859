// The quick forms against the engine's decoder: on what our encoder writes, on what nearly looks like it, and beside other bytes,
// both give the same input or the quick one gives none.
import { encodeActivity, encodeCommand } from '#libs/contracts';
import type { LogRecord } from '#libs/event-log';
import type { ActivityInput, PresenceSet } from '#libs/presence';
import fc from 'fast-check';
import { decodeInput } from './input-decoding.js';
import { KnownTexts } from './known-texts.js';
import { QuickInputs } from './quick-inputs.js';
import { UserColumns } from './user-columns.js';

const USERS = ['@a:hs', '@alice:example.org', '@é:hs', '@a"b:hs'];
const texts = new KnownTexts();
const users = new UserColumns(texts);
for (const userId of USERS) users.idOf(userId);
const ELSEWHERE = '@elsewhere:hs';
const quick = new QuickInputs(users, texts, (userId) => (userId === ELSEWHERE ? -1 : users.idOf(userId)));

const name = fc.constantFrom(
  'D',
  'PHONE',
  'a"b',
  'a\\b',
  'é',
  '\ud800',
  '\0',
  'a name of more than twelve letters',
  '',
);
const number = fc.constantFrom(0, 1, -1, 300_000, 123_456_789_012_345, 9_007_199_254_740_991);
const claim = fc.constantFrom('auto', 'online', 'unavailable', 'none') as fc.Arbitrary<'auto'>;
const input: fc.Arbitrary<ActivityInput> = fc.oneof(
  fc.record({ type: fc.constant('device.active' as const), deviceId: fc.option(name, { nil: undefined }) }),
  fc.record({
    type: fc.constant('device.connected' as const),
    deviceId: name,
    sessionId: name,
    claim,
    leaseMs: number,
  }),
  fc.record(
    { type: fc.constant('device.disconnected' as const), deviceId: name, sessionId: name, agoMs: number },
    { requiredKeys: ['type', 'deviceId', 'sessionId'] },
  ),
);
const command: fc.Arbitrary<PresenceSet> = fc.record(
  {
    type: fc.constant('presence.set' as const),
    deviceId: name,
    presence: fc.constantFrom('online', 'unavailable', 'offline', 'busy' as const),
    statusMsg: fc.oneof(name, fc.constantFrom('früh auf 😀', 'ß'.repeat(1_024), 'ß'.repeat(1_025))),
  },
  { requiredKeys: ['type', 'deviceId', 'presence'] },
);
const stray = fc.constantFrom('', ',', '"', '}', ' ', '\\', '{', '0', 'x', '\n', '"v":2,');

const edited = fc.record({
  userId: fc.constantFrom(...USERS),
  its: input,
  piece: stray,
  at: fc.nat(160),
  isInstead: fc.boolean(),
});

/** As the bytes of a log lie: among others. */
function recordOf(key: string, value: string): LogRecord {
  const bytes = Buffer.from(`}0${key}${value}"}0}`);
  const start = 2 + Buffer.byteLength(key);
  return {
    offset: 0,
    timestampMs: 0,
    key: bytes.subarray(2, start),
    value: bytes.subarray(start, start + Buffer.byteLength(value)),
  };
}

function expectSame(record: LogRecord): boolean {
  const { size } = users;
  const id = quick.find(record);
  if (id < 0) {
    expect(users.size).toBe(size);
    return false;
  }
  expect(decodeInput(0, record)).toEqual({ ok: true, record: { userId: users.userId(id), input: quick.input() } });
  return true;
}

function expectSameCommand(record: LogRecord): boolean {
  const id = quick.findCommand(record);
  if (id < 0) return false;
  expect(decodeInput(1, record)).toEqual({ ok: true, record: { userId: users.userId(id), input: quick.command() } });
  return true;
}

test('what our encoder writes of plain names is found, and is what the decoder gives', () => {
  let found = 0;
  fc.assert(
    fc.property(fc.constantFrom(...USERS), input, (userId, its) => {
      if (expectSame(recordOf(userId, encodeActivity({ userId, input: its })))) found += 1;
    }),
    { numRuns: 2_000 },
  );
  expect(found).toBeGreaterThan(100);
});

test('somebody’s first activity is found as well, if it is sound and the user is one of Matrix who belongs here', () => {
  let found = 0;
  const strangers = fc.oneof(
    fc.nat(100_000).map((number) => `@new${number}:hs`),
    fc.constantFrom(
      '',
      '@',
      '@:hs',
      '@x',
      'x:hs',
      '@x:h s',
      '@new"a:hs',
      '@neü:hs',
      '@new\\a:hs',
      `@${'x'.repeat(260)}:hs`,
      ELSEWHERE,
    ),
  );
  fc.assert(
    fc.property(
      strangers,
      fc.option(fc.constantFrom(...USERS), { nil: undefined, freq: 1 }),
      edited,
      (userId, other, edit) => {
        const text = encodeActivity({ userId: other ?? userId, input: edit.its });
        const value = edit.isInstead ? text : text.slice(0, edit.at) + edit.piece + text.slice(edit.at);
        const wasKnown = users.find(userId) !== undefined;
        if (expectSame(recordOf(userId, value)) && !wasKnown) found += 1;
        expect(users.find(ELSEWHERE)).toBeUndefined();
      },
    ),
    { numRuns: 4_000 },
  );
  expect(found).toBeGreaterThan(100);
});

test('what nearly looks like it is either the same or not found', () => {
  fc.assert(
    fc.property(edited, ({ userId, its, piece, at, isInstead }) => {
      const text = encodeActivity({ userId, input: its });
      const value = text.slice(0, at) + piece + text.slice(isInstead ? at + piece.length : at);
      expectSame(recordOf(userId, value));
      expectSame(recordOf(userId, text.slice(0, at)));
      expectSame(recordOf(`${userId}x`, text));
    }),
    { numRuns: 4_000 },
  );
});

test('a command that our encoder writes is found, and is what the decoder gives', () => {
  let found = 0;
  fc.assert(
    fc.property(fc.constantFrom(...USERS), command, (userId, its) => {
      if (expectSameCommand(recordOf(userId, encodeCommand({ userId, input: its })))) found += 1;
    }),
    { numRuns: 4_000 },
  );
  expect(found).toBeGreaterThan(300);
});

test('a command that nearly looks like it is either the same or not found', () => {
  const strayBytes = fc.constantFrom('', ',', '"', '}', ' ', '\\', '{', '0', 'x', '\n', 'é', 0x80, 0xc3, 0xff);
  fc.assert(
    fc.property(fc.constantFrom(...USERS), command, strayBytes, fc.nat(160), (userId, its, piece, at) => {
      const text = Buffer.from(encodeCommand({ userId, input: its }));
      const stray = typeof piece === 'number' ? Buffer.from([piece]) : Buffer.from(piece);
      const whole = recordOf(userId, text.toString());
      for (const from of [at, at + stray.length])
        expectSameCommand({ ...whole, value: Buffer.concat([text.subarray(0, at), stray, text.subarray(from)]) });
      expectSameCommand({ ...whole, value: text.subarray(0, at) });
      expectSameCommand(recordOf(`${userId}x`, text.toString()));
    }),
    { numRuns: 4_000 },
  );
});
