// Frames against what was added: nobody lost, nobody twice, everybody in their partition, and no frame too large, whatever
// the names look like.
import { decodeFrame, frameEntryHead } from '#libs/contracts';
import { partitionOf } from '#libs/event-log';
import { Interner } from '#libs/interest';
import fc from 'fast-check';
import { FrameBuilder } from './frame-builder.js';
import { UserColumns } from './user-columns.js';

const DELIVERIES = 3;
const LONGEST_ENTRY_BYTES = 700;

const localpart = fc.oneof(
  fc.stringMatching(/^[a-z0-9._=/-]{1,20}$/),
  fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).filter((text) => !/[:\0]/.test(text)),
  fc.constantFrom('quo"te', 'back\\slash', 'tab\tbed', 'ü', '漢字', '🐟'),
);
const names = fc
  .uniqueArray(localpart, { minLength: 1, maxLength: 30 })
  .map((parts) => parts.map((part) => `@${part}:hs`));

/** Some as the one before, as of people of one room. */
const audiences = fc
  .array(fc.tuple(fc.array(fc.nat(29), { maxLength: 40 }), fc.nat(4)), { maxLength: 5 })
  .map((lists) => lists.flatMap(([list, again]) => Array.from({ length: again + 1 }, () => list)));

function given(userIds: readonly string[], maxFrameBytes: number): FrameBuilder {
  const users = new Interner();
  for (const userId of userIds) users.intern(userId);
  const columns = new UserColumns(users, { partitionOf }, { changes: 4, deliveries: DELIVERIES });
  return new FrameBuilder(columns, maxFrameBytes);
}

function headOf(userId: string, version: number): string {
  return frameEntryHead({
    kind: 'shown',
    userId,
    life: 0,
    version,
    changedAtMs: 1,
    view: { presence: 'online', currentlyActive: true },
  });
}

it('puts every recipient of every entry into a frame of its partition, once, within the limit', () => {
  const property = fc.property(
    names,
    audiences,
    fc.integer({ min: 250, max: 4_000 }),
    (userIds, additions, maxFrameBytes) => {
      const builder = given(userIds, maxFrameBytes);
      const expected: string[] = [];
      additions.forEach((recipients, version) => {
        const sender = userIds[version % userIds.length] as string;
        const numbers = Int32Array.from([...new Set(recipients.map((recipient) => recipient % userIds.length))]);
        builder.add(headOf(sender, version + 1), numbers, numbers.length);
        for (const number of numbers)
          expected.push(`${version + 1} ${userIds[number]} ${partitionOf(userIds[number] as string, DELIVERIES)}`);
      });
      const found: string[] = [];
      for (const { partition, bytes, recipients } of builder.take()) {
        const decoded = decodeFrame(Buffer.from(bytes).toString());
        if (!decoded.ok) throw new Error(decoded.reason);
        const told = decoded.record.entries.flatMap((entry) =>
          entry.to.map((userId) => `${entry.version} ${userId} ${partition}`),
        );
        if (told.length !== recipients || told.length === 0)
          throw new Error('a frame that miscounts its recipients, or has none');
        if (bytes.length > maxFrameBytes && told.length > 1)
          throw new Error(`${bytes.length} bytes, ${maxFrameBytes} allowed`);
        found.push(...told);
      }
      expect(found.sort()).toEqual(expected.sort());
      expect(builder.take()).toEqual([]);
    },
  );
  fc.assert(property, { numRuns: 150 });
});

it.each([255, 256, 257, 513, 3_000])(
  'names each of %d recipients as they are called, whoever is looked up with them',
  (count) => {
    const parts = ['a', '漢字', 'quo"te', 'rather-long-a-name-for-somebody', 'ü', 'back\\slash'];
    const userIds = Array.from({ length: count }, (_, user) => `@${parts[user % parts.length]}-${user}:hs`);
    const builder = given(userIds, 384 * 1024);
    const users = Int32Array.from(userIds, (_, user) => user);
    // Everybody is looked up for the first time, and again in another order behind somebody else.
    builder.add(headOf('@s:hs', 1), users, count);
    builder.add(headOf('@s:hs', 2), users.toReversed(), count);
    const told = builder.take().flatMap(({ bytes }) => {
      const decoded = decodeFrame(Buffer.from(bytes).toString());
      if (!decoded.ok) throw new Error(decoded.reason);
      return decoded.record.entries;
    });
    for (const version of [1, 2]) {
      const to = told.filter((entry) => entry.version === version).flatMap((entry) => entry.to);
      expect(to.toSorted()).toEqual(userIds.toSorted());
    }
  },
);

it('holds an entry that is larger than a frame all the same, one recipient at a time', () => {
  const builder = given(['@a:hs', '@b:hs', '@c:hs', '@d:hs'], 10);
  builder.add(headOf('@a:hs', 1), Int32Array.of(0, 1, 2, 3), 4);
  const frames = builder.take();
  expect(frames.map(({ recipients }) => recipients)).toEqual([1, 1, 1, 1]);
  expect(frames.every(({ bytes }) => bytes.length < LONGEST_ENTRY_BYTES)).toBe(true);
});

it('makes one frame a partition of one change to a room of 50,000', () => {
  const builder = given(
    Array.from({ length: 50_000 }, (_, user) => `@user-${user}:hs`),
    384 * 1024,
  );
  builder.add(
    headOf('@user-0:hs', 1),
    Int32Array.from({ length: 50_000 }, (_, user) => user),
    50_000,
  );
  const frames = builder.take();
  expect(frames.map(({ partition }) => partition).sort()).toEqual([0, 1, 2]);
  expect(frames.reduce((sum, { recipients }) => sum + recipients, 0)).toBe(50_000);
});
