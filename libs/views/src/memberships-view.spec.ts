// Memberships and rooms as a table with positions: who is interested in whom, what is broken, and waiting for a vector.
import {
  encodeMembership,
  encodeRoomPolicy,
  membershipKey,
  type MembershipWord,
  type RoomPolicyWord,
} from '#libs/contracts';
import type { LogRecord, RecordBatch } from '#libs/event-log';
import { MembershipsView, type BrokenRecord } from './memberships-view.js';

const ROOM = '!r:hs';
const never = new AbortController().signal;

function membership(userId: string, word: MembershipWord | null, roomId = ROOM): LogRecord {
  const value = word === null ? null : Buffer.from(encodeMembership({ roomId, userId, membership: word }));
  return { offset: 0, timestampMs: 0, key: Buffer.from(membershipKey(roomId, userId)), value };
}

function policy(presence: RoomPolicyWord, roomId = ROOM): LogRecord {
  return {
    offset: 0,
    timestampMs: 0,
    key: Buffer.from(roomId),
    value: Buffer.from(encodeRoomPolicy({ roomId, presence })),
  };
}

function batch(topic: 'm' | 'r', records: readonly LogRecord[], { partition = 0, from = 0 } = {}): RecordBatch {
  return {
    topic,
    partition,
    records: records.map((record, index) => ({ ...record, offset: from + index })),
    nextOffset: from + records.length,
  };
}

/** Of two partitions, `!r:hs|@a:hs` and `!r:hs` belong to these. */
const [HOME, OTHER] = [1, 0];

function given(broken: BrokenRecord[] = [], partitions = 1): MembershipsView {
  return new MembershipsView({
    topics: { memberships: 'm', rooms: 'r' },
    partitions: { memberships: partitions, rooms: partitions },
    maxRoomMembers: 100,
    onBroken: (record) => broken.push(record),
  });
}

it('knows who is interested in whom', () => {
  const view = given();
  view.apply(batch('m', [membership('@a:hs', 'join'), membership('@b:hs', 'join'), membership('@c:hs', 'invite')]));
  expect(view.interestedIn('@a:hs').sort()).toEqual(['@a:hs', '@b:hs']);
  expect([
    view.isInterested('@a:hs', '@b:hs'),
    view.isInterested('@c:hs', '@b:hs'),
    view.isInterested('@d:hs', '@d:hs'),
  ]).toEqual([true, false, true]);
  expect(view.interestedIn('@nobody:hs')).toEqual(['@nobody:hs']);
  view.apply(batch('m', [membership('@b:hs', null)], { from: 3 }));
  expect(view.isInterested('@a:hs', '@b:hs')).toBe(false);
});

it('creates no interest in a withheld room; a tombstone shares it again', () => {
  const view = given();
  view.apply(batch('r', [policy('withhold')]));
  view.apply(batch('m', [membership('@a:hs', 'join'), membership('@b:hs', 'join')]));
  expect(view.isInterested('@a:hs', '@b:hs')).toBe(false);
  view.apply(batch('r', [{ ...policy('share'), value: null }], { from: 1 }));
  expect(view.isInterested('@a:hs', '@b:hs')).toBe(true);
});

it('takes a batch that is delivered again for nothing', () => {
  const view = given();
  const first = batch('m', [membership('@a:hs', 'join'), membership('@b:hs', 'join')]);
  view.apply(first);
  view.apply(batch('m', [membership('@b:hs', 'leave')], { from: 2 }));
  view.apply(first);
  expect([view.isInterested('@a:hs', '@b:hs'), view.positions.memberships]).toEqual([false, [3]]);
});

it('tells of broken records while it stands after them, and goes on', () => {
  const broken: BrokenRecord[] = [];
  const view = given(broken, 2);
  const wrongKey = { ...membership('@a:hs', 'join'), key: Buffer.from('!r:hs|@b:hs') };
  const bytes = { ...membership('@a:hs', 'join'), value: Uint8Array.of(0xff) };
  view.apply(batch('m', [wrongKey, bytes, membership('@a:hs', 'join')], { partition: HOME, from: 7 }));
  expect(view.brokenRecords).toBe(2);
  expect(broken.map(({ topic, partition, record }) => [topic, partition, record.offset])).toEqual([
    ['m', 1, 7],
    ['m', 1, 8],
  ]);
  expect(broken.every(({ reason }) => reason !== '')).toBe(true);
  expect(view.positions.memberships).toEqual([0, 10]);
});

it('takes no record that stands in another partition than its key says: of two, order would be lost', () => {
  const broken: BrokenRecord[] = [];
  const view = given(broken, 2);
  view.apply(batch('m', [membership('@a:hs', 'leave'), membership('@a:hs', null)], { partition: OTHER }));
  view.apply(batch('m', [membership('@a:hs', 'join')], { partition: HOME }));
  expect(view.interest.users.find('@a:hs')).toBeDefined();
  expect(broken.map(({ reason }) => reason)).toEqual(
    Array.from({ length: 2 }, () => expect.stringContaining('belongs to partition 1, not to partition 0')),
  );
  const misplaced = [0, 1].filter((partition) => {
    view.apply(batch('r', [policy('share')], { partition }));
    return broken.at(-1)?.topic === 'r' && broken.at(-1)?.partition === partition;
  });
  expect(misplaced).toHaveLength(1);
});

it('tells who moved, and that many moved when a policy did', () => {
  const view = given();
  const told: (string | undefined)[] = [];
  const stop = view.onChanged((userId) => told.push(userId));
  view.apply(batch('m', [membership('@a:hs', 'join')]));
  view.apply(batch('r', [policy('withhold')]));
  stop();
  view.apply(batch('m', [membership('@b:hs', 'join')], { from: 1 }));
  expect(told).toEqual(['@a:hs', undefined]);
});

it('waits for a vector of both topics', async () => {
  const view = given([], 2);
  const ended = new AbortController();
  const waits = [
    view.whenAt({ memberships: [1], rooms: [0, 1] }, never),
    view.whenAt({ memberships: [0, 5], rooms: [] }, ended.signal),
  ];
  view.apply(batch('m', [membership('@a:hs', 'join')], { partition: OTHER }));
  expect(view.waits).toBe(2);
  view.apply(batch('r', [policy('share')], { partition: 1 }));
  ended.abort();
  expect([...(await Promise.all(waits)), view.waits]).toEqual(['reached', 'late', 0]);
});
