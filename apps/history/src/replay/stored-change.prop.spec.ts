// What is read of a stored change's bytes against the decoder, and its comparison against that of texts: on what our encoder writes,
// and on what somebody changed.
import { decodeChange, encodeChange, type ChangeRecord } from '#libs/contracts';
import type { UserId } from '#libs/matrix';
import fc from 'fast-check';
import { UserNumbers } from '../user-numbers.js';
import { StoredChange } from './stored-change.js';
import { ToldChange } from './told-change.js';

const message = fc.constantFrom(
  'at tea',
  'says "applied":{} and "cause":{"timer":"idle"},"applied":{}}',
  'é 🎈',
  '\\',
  'a\nb',
);
const view = fc.record(
  {
    presence: fc.constantFrom('online', 'offline') as fc.Arbitrary<'online'>,
    currentlyActive: fc.boolean(),
    statusMsg: message,
    lastActiveAtMs: fc.nat(),
  },
  { requiredKeys: ['presence', 'currentlyActive'] },
);
const offset = fc.constantFrom(0, 7, 123_456_789);
const cause = fc.oneof(
  fc.record({ topic: fc.constantFrom('activity', 'commands') as fc.Arbitrary<'activity'>, offset }),
  fc.record({ timer: fc.constantFrom('idle', 'active', 'lease', 'grace', 'put') as fc.Arbitrary<'idle'> }),
);
const applied = fc.record({ activity: offset, commands: offset }, { requiredKeys: [] });
const stamp = {
  userId: fc.constantFrom('@a:hs', '@é:hs', '@a"b:hs') as fc.Arbitrary<UserId>,
  life: fc.constantFrom(0, 0, 3),
  version: fc.integer({ min: 1, max: 99 }),
  atMs: fc.constantFrom(0, -5, 1_795_356_699_354),
  cause,
  applied,
};
const change: fc.Arbitrary<ChangeRecord> = fc.oneof(
  fc.record({ kind: fc.constant('changed' as const), ...stamp, view, before: view }),
  fc.record({ kind: fc.constant('forgotten' as const), ...stamp }),
);
const stored = new StoredChange();
const take = (key: string, text: string): StoredChange =>
  stored.take({ offset: 0, timestampMs: 0, key: Buffer.from(key), value: Buffer.from(text) });

test('point, timer and record are those of the decoder, and only its own text is written there', () => {
  fc.assert(
    fc.property(change, message, (record, other) => {
      const text = encodeChange(record);
      const { userId } = record;
      const read = take(userId, text);
      expect(read.userId).toBe(userId);
      expect([...read.point!]).toEqual([record.applied.activity ?? -1, record.applied.commands ?? -1]);
      expect(read.firedAtMs).toBe('timer' in record.cause ? record.atMs : NaN);
      expect(read.record).toEqual((decodeChange(text, userId) as { record: ChangeRecord }).record);
      expect([read.isText(text), read.isText(`${text} `), read.isText(text + other)]).toEqual([true, false, false]);
      expect(read.isText(text.replace('"version":', '"version": '))).toBe(false);
    }),
    { numRuns: 1_000 },
  );
});

const users = new UserNumbers();
const toldOf = (record: ChangeRecord): ToldChange => {
  const known = users.numberOf(record.userId);
  const { cause, applied } = record;
  const input = 'topic' in cause ? cause : { topic: 'activity' as const, offset: 7 };
  const its = { ...record, ...('timer' in cause ? { timer: cause.timer } : {}) };
  const { activity = -1, commands = -1 } = applied;
  return new ToldChange(users, known < 0 ? users.add(record.userId) : known, its, { ...input, activity, commands });
};
const pair = fc.tuple(change, change, fc.constantFrom('', '0', ',', '"', ' ', '1', '}', 'x'), fc.nat(500), fc.nat(12));

test('what the inputs make is written there exactly when the texts are the same', () => {
  let same = 0;
  fc.assert(
    fc.property(pair, ([one, other, piece, at, field]) => {
      const text = encodeChange(one);
      // One field of the other, or none: nearly the same.
      const name = Object.keys(other)[field] as keyof ChangeRecord | undefined;
      const near = (
        name === undefined || one.kind !== other.kind ? one : { ...one, [name]: other[name] }
      ) as ChangeRecord;
      const told = toldOf(near);
      expect(take(one.userId, text).isWritten(told, users)).toBe(told.text === text);
      if (told.text === text) same += 1;
      const edited = text.slice(0, at) + piece + text.slice(at + (at % 2) * piece.length);
      const its = toldOf(one);
      expect(take(one.userId, edited).isWritten(its, users)).toBe(its.text === edited);
    }),
    { numRuns: 4_000 },
  );
  expect(same).toBeGreaterThan(500);
});

const written: ChangeRecord = {
  ...{ kind: 'forgotten', userId: '@a:hs' as UserId, life: 0, version: 1, atMs: 5 },
  ...{ cause: { topic: 'commands', offset: 7 }, applied: { activity: 3, commands: 7 } },
};
test.each([
  ['a comma before the first', '{"activity":3,', '{,"activity":3,'],
  ['a comma and one alone', '{"activity":3,', '{,'],
  ['two commas', '3,"commands"', '3,,"commands"'],
  ['no comma', '3,"commands"', '3"commands"'],
  ['another order', '{"activity":3,"commands":7}', '{"commands":7,"activity":3}'],
])('%s is not what the inputs make', (_what, piece, other) => {
  const text = encodeChange(written);
  expect(text).toContain(piece);
  const alone: ChangeRecord = { ...written, applied: { commands: 7 } };
  for (const record of [written, alone]) {
    const told = toldOf(record);
    expect(take('@a:hs', told.text).isWritten(told, users)).toBe(true);
    expect(take('@a:hs', text.replace(piece, other)).isWritten(told, users)).toBe(false);
  }
});

test('texts written in another way are read as the decoder reads them', () => {
  fc.assert(
    fc.property(change, (record) => {
      const text = JSON.stringify(JSON.parse(encodeChange(record)), undefined, 1);
      const read = take(record.userId, text);
      expect([...read.point!]).toEqual([record.applied.activity ?? -1, record.applied.commands ?? -1]);
      expect(read.firedAtMs).toBe('timer' in record.cause ? record.atMs : NaN);
    }),
  );
});

test('a long text is compared in whole', () => {
  const long = 'é'.repeat(20_000);
  expect(take('@a:hs', long).isText(long)).toBe(true);
  expect(take('@a:hs', `${long}x`).isText(`${long}y`)).toBe(false);
});
