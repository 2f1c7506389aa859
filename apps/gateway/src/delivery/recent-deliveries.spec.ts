// What a long life and long lists do to the memory of deliveries: places that come round, chains that are cut, walks that end.
import type { UserId } from '#libs/matrix';
import { Interner } from '#libs/interest';
import { FrameOrigin } from './frame-origin.js';
import { startOf } from './position.js';
import { LatestHeld } from './latest-held.js';
import { RecentDeliveries, type RecentBounds } from './recent-deliveries.js';

const WIDE: RecentBounds = { maxRecentRecipients: 1_000_000, maxRecentNews: 1_000_000, maxSendersAtOnce: 5_000 };
const users = new Interner();
const BOB = users.intern('@bob:hs');
const CROWD = Int32Array.from({ length: 1_000 }, (_, index) => users.intern(`@c${String(index)}:hs`));

function memory(bounds: Partial<RecentBounds> = {}): RecentDeliveries {
  return new RecentDeliveries([startOf(0)], users, { ...WIDE, ...bounds });
}

let offset = 0;
beforeEach(() => {
  offset = 0;
  statusMsg = undefined;
});

type Told = readonly [sender: string, version: number, rooms?: number];

let statusMsg: string | undefined;

function tell(recent: RecentDeliveries, [sender, version, rooms = 1]: Told, to: Int32Array | number[]): Set<number> {
  const stamp = { userId: sender as UserId, life: 0, version, changedAtMs: 0 };
  const view = { presence: 'online', currentlyActive: false, ...(statusMsg && { statusMsg }) } as const;
  const origin = new FrameOrigin(`{"0":${String(rooms)}}`, '{}');
  const news = { kind: 'shown', ...stamp, view } as const;
  const entry = { news, row: users.intern(sender), sender, to: Int32Array.from(to) };
  const awaited = new Set<number>();
  recent.add({ partition: 0, position: startOf(offset), entry, origin, toldAtMs: offset }, awaited);
  offset += 1;
  return awaited;
}

const told = (recent: RecentDeliveries, from = 0): string[] | undefined =>
  recent.since(BOB, 0, startOf(from))?.map(({ sender, version }) => `${sender}${String(version)}`);

it('holds what a user was told though everybody else was told a thousand times as much', () => {
  const recent = memory();
  for (let n = 1; n <= 300; n += 1) {
    tell(recent, ['a', n], CROWD);
    if (n % 100 === 0) tell(recent, ['b', n], [BOB]);
  }
  expect(told(recent)).toEqual(['b300']);
  const asked = (version: number): number => {
    const stamps = new Map([[users.intern('b'), { life: 0, version }]]);
    recent.takeTold(BOB, 0, 0, stamps);
    return stamps.size;
  };
  expect([asked(300), asked(301)]).toEqual([0, 1]);
});

it('knows nothing of a user whose last news was let go, and goes on from there', () => {
  const recent = memory({ maxRecentRecipients: 2_500 });
  tell(recent, ['b', 1], [BOB]);
  for (let n = 1; n <= 3_000; n += 1) tell(recent, ['a', n], CROWD);
  const { offset: floor, entry } = recent.floor(0);
  expect(told(recent, floor)).toBeUndefined();
  expect(told(recent, floor + entry)).toEqual([]);
  tell(recent, ['b', 2], [BOB]);
  expect(told(recent, floor + entry)).toEqual(['b2']);
  expect(told(recent, offset)).toEqual([]);
});

it('names whoever waits, once it holds nothing of them, and for news to more than it may hold', () => {
  const recent = memory({ maxRecentRecipients: 10 });
  recent.await(BOB);
  expect([...tell(recent, ['a', 1], [BOB])]).toEqual([BOB]);
  for (let n = 2; n <= 30; n += 1) tell(recent, ['a', n], [CROWD[0]!, CROWD[1]!]);
  expect([...tell(recent, ['b', 1], [...CROWD, BOB])]).toEqual([BOB]);
  expect(told(recent, offset - 1)).toBeUndefined();
  expect(recent.since(BOB, 0, { offset: offset - 1, entry: 1 })).toEqual([]);
  recent.letGo(BOB);
  expect([...tell(recent, ['a', 40], [BOB])]).toEqual([]);
});

it('tells no more senders than it may at once, and walks no further for one who changes all the time', () => {
  const recent = memory({ maxSendersAtOnce: 100 });
  for (let n = 0; n < 100; n += 1) tell(recent, [`s${String(n)}`, 1], [BOB]);
  expect(told(recent)).toHaveLength(100);
  tell(recent, ['one more', 1], [BOB]);
  expect(told(recent)).toBeUndefined();
  expect(told(recent, 1)).toHaveLength(100);
  const flapping = memory({ maxSendersAtOnce: 100 });
  for (let n = 1; n <= 600; n += 1) tell(flapping, ['a', n], [BOB]);
  expect(told(flapping)).toEqual(['a600']);
  for (let n = 601; n <= 700; n += 1) tell(flapping, ['a', n], [BOB]);
  expect(told(flapping)).toBeUndefined();
});

it('tells a version again after rooms changed, and not what was told before under the same', () => {
  const recent = memory();
  tell(recent, ['a', 2], [BOB]);
  tell(recent, ['a', 2], [BOB]);
  tell(recent, ['a', 1, 2], [BOB]);
  expect(told(recent, 1)).toEqual([]);
  tell(recent, ['a', 2, 2], [BOB]);
  expect(told(recent, 1)).toEqual(['a2']);
  expect(told(recent, 4)).toEqual([]);
});

it('tells nobody what is older again, however much came between, when a stretch of deliveries is told twice', () => {
  const recent = memory();
  const stretch = (version: number): void => {
    for (let n = 0; n < 600; n += 1) tell(recent, [`s${String(n)}`, version], [BOB]);
  };
  for (const version of [1, 2]) stretch(version);
  const end = offset;
  for (const version of [1, 2]) stretch(version);
  expect(told(recent, end)).toEqual([]);
  expect(told(recent, 0)).toHaveLength(600);
});

it('suspects nothing in the second frame of what is told to very many', () => {
  const recent = memory();
  tell(recent, ['a', 1], CROWD.subarray(0, 500));
  tell(recent, ['a', 1], [...CROWD.subarray(500), BOB]);
  tell(recent, ['b', 1], [BOB]);
  const walked = jest.spyOn(LatestHeld.prototype, 'pending', 'get');
  expect(told(recent, 1)).toEqual(['a1', 'b1']);
  expect(walked.mock.results.map(({ value }) => value as string)).not.toContain('same');
  walked.mockRestore();
  tell(recent, ['a', 1], [BOB]);
  expect(told(recent, 3)).toEqual([]);
});

it('holds fewer news when their status messages are long, and tells them', () => {
  const recent = memory();
  statusMsg = 'm'.repeat(2_000);
  for (let n = 1; n <= 60_000; n += 1) tell(recent, ['a', n], [CROWD[n % 1_000]!]);
  tell(recent, ['b', 1], [BOB]);
  const { offset: floor, entry } = recent.floor(0);
  expect(offset - floor).toBeGreaterThan(24_900);
  expect(offset - floor).toBeLessThan(25_100);
  expect(recent.since(BOB, 0, startOf(floor + entry))?.[0]?.view?.statusMsg).toBe(statusMsg);
});
