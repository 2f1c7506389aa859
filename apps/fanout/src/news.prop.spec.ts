// Changes out of their bytes against the decoder: the same news, and the same reasons for what is none.
import { KEY_NOT_UTF8, VALUE_NOT_UTF8, decodeChange, encodeChange } from '#libs/contracts';
import type { LogRecord } from '#libs/event-log';
import type { View } from '#libs/presence';
import { textOf } from '#libs/views';
import fc from 'fast-check';
import { readChange } from './news.js';

/** What the decoder alone makes of it. */
function decoded({ key, value }: LogRecord): object | string {
  const [keyText, text] = [textOf(key), textOf(value)];
  if (keyText === undefined) return KEY_NOT_UTF8.reason;
  if (text === undefined) return VALUE_NOT_UTF8.reason;
  const change = decodeChange(text, keyText);
  if (!change.ok) return change.reason;
  const { userId, life, version, atMs } = change.record;
  if (change.record.kind === 'forgotten') return { userId, life: life + 1, version: 0, changedAtMs: atMs };
  return { userId, life, version, changedAtMs: atMs, view: change.record.view };
}

const USERS = ['@a:hs', '@alice:example.org', '@é:hs', '@a"b:hs', 'alice', '@:hs', `@${'x'.repeat(260)}:hs`];
const views: fc.Arbitrary<View> = fc.record(
  {
    presence: fc.constantFrom('online', 'unavailable', 'offline', 'busy' as const),
    currentlyActive: fc.boolean(),
    statusMsg: fc.constantFrom('at work', 'früh auf 😀', 'a "word"', 'ß'.repeat(1_025)),
    lastActiveAtMs: fc.nat(),
  },
  { requiredKeys: ['presence', 'currentlyActive'] },
);
const changes = fc
  .record({
    kind: fc.constantFrom('changed', 'changed', 'forgotten' as const),
    userId: fc.constantFrom(...USERS),
    life: fc.nat(2),
    version: fc.nat(3),
    atMs: fc.nat(),
    view: views,
    before: views,
    cause: fc.record({ topic: fc.constantFrom('activity', 'commands' as const), offset: fc.nat() }),
    applied: fc.record({ activity: fc.nat(), commands: fc.nat() }, { requiredKeys: [] }),
  })
  .map((change) => ({ key: change.userId, text: encodeChange(change) }));

function recordOf(key: string, value: Uint8Array): LogRecord {
  return { offset: 0, timestampMs: 0, key: Buffer.from(key), value };
}

test('what our encoder writes is read as the decoder reads it', () => {
  let refused = 0;
  fc.assert(
    fc.property(changes, ({ key, text }) => {
      const record = recordOf(key, Buffer.from(text));
      const change = readChange(record);
      if (typeof change === 'string') refused += 1;
      expect(change).toEqual(decoded(record));
    }),
    { numRuns: 3_000 },
  );
  expect(refused).toBeGreaterThan(100);
  expect(refused).toBeLessThan(2_500);
});

test('what is broken is refused with the words of the decoder', () => {
  const strays = fc.constantFrom('', ',', '"', '}', ' ', '\\', '{', '0', '-', '\n', 'é', 0x80, 0xc3, 0xff);
  fc.assert(
    fc.property(changes, strays, fc.nat(500), ({ key, text }, piece, place) => {
      const bytes = Buffer.from(text);
      const stray = typeof piece === 'number' ? Buffer.from([piece]) : Buffer.from(piece);
      const at = place % bytes.length;
      const values = [at, at + stray.length].map((from) =>
        Buffer.concat([bytes.subarray(0, at), stray, bytes.subarray(from)]),
      );
      for (const value of [...values, bytes.subarray(0, at)]) {
        const record = recordOf(key, value);
        expect(readChange(record)).toEqual(decoded(record));
      }
      for (const record of [recordOf(`${key}x`, bytes), { ...recordOf(key, bytes), key: null }])
        expect(readChange(record)).toEqual(decoded(record));
    }),
    { numRuns: 2_000 },
  );
});

test('without a value it says nothing', () => {
  const record = { offset: 0, timestampMs: 0, key: Buffer.from('@a:hs'), value: null };
  expect(readChange(record)).toEqual(decoded(record));
});
