// The latest view of everybody: newer wins whoever tells it, tombstones end lives, and waits end exactly once.
import { encodeProgress, encodeState } from '#libs/contracts';
import type { LogRecord, RecordBatch } from '#libs/event-log';
import type { View } from '#libs/presence';
import { LIFE_HEADER, StatesView } from './states-view.js';

const ALICE = '@alice:hs';
const ONLINE: View = { presence: 'online', currentlyActive: true, lastActiveAtMs: 1_000 };
const OFFLINE: View = { presence: 'offline', currentlyActive: false, statusMsg: 'gone fishing' };

function batch(records: readonly Pick<LogRecord, 'key' | 'value'>[], { partition = 0, from = 0 } = {}): RecordBatch {
  const stamped = records.map((record, index) => ({ timestampMs: 5_000, ...record, offset: from + index }));
  return { topic: 'presence.states', partition, records: stamped, nextOffset: from + records.length };
}

function state(userId: string, stamp: { life?: number; version: number }, view: View = ONLINE): LogRecord {
  const value = encodeState({ userId, life: stamp.life ?? 0, version: stamp.version, changedAtMs: 2_000, view });
  return { offset: 0, timestampMs: 0, key: Buffer.from(userId), value: Buffer.from(value) };
}

function tombstone(userId: string, life?: number): LogRecord {
  const headers = life === undefined ? {} : { headers: { [LIFE_HEADER]: String(life) } };
  return { offset: 0, timestampMs: 3_000, key: Buffer.from(userId), value: null, ...headers };
}

function progress(activity: number, commands: number): LogRecord {
  const inputs = [activity, commands].map((nextOffset) => ({ nextOffset, reachedMs: 0 }));
  const value = encodeProgress({ inputs, checkpoint: inputs, acceptedLoss: [] });
  return { offset: 0, timestampMs: 0, key: Buffer.from('!progress'), value: Buffer.from(value) };
}

const never = new AbortController().signal;

it('knows nobody at first, and then what states say', () => {
  const moved: string[] = [];
  const states = new StatesView({ partitions: 1, onMoved: (userId) => moved.push(userId) });
  expect(states.get(ALICE)).toBeUndefined();
  states.apply(batch([state(ALICE, { version: 3 }), state('@bob:hs', { version: 1 }, OFFLINE)]));
  expect(states.get(ALICE)).toEqual({
    userId: ALICE,
    life: 0,
    version: 3,
    changedAtMs: 2_000,
    view: ONLINE,
    gone: false,
  });
  expect(states.get('@bob:hs')?.view).toEqual(OFFLINE);
  expect([[...states.users()], states.size, states.positions, moved]).toEqual([
    [ALICE, '@bob:hs'],
    2,
    [2],
    [ALICE, '@bob:hs'],
  ]);
});

it('takes the newer one, whether states, a frame or a change tells it', () => {
  const states = new StatesView({ partitions: 1 });
  expect(states.raise({ userId: ALICE, life: 0, version: 5, changedAtMs: 7, view: OFFLINE })).toBe('newer');
  expect(states.raise({ userId: ALICE, life: 0, version: 4, changedAtMs: 6, view: ONLINE })).toBe('known');
  states.apply(batch([state(ALICE, { version: 4 })]));
  expect(states.get(ALICE)).toMatchObject({ version: 5, view: OFFLINE });
  states.apply(batch([state(ALICE, { version: 6 })], { from: 1 }));
  expect(states.get(ALICE)).toMatchObject({ version: 6, view: ONLINE });
  expect(states.raise({ userId: ALICE, life: 1, version: 1, changedAtMs: 8, view: OFFLINE })).toBe('newer');
  expect(states.get(ALICE)).toMatchObject({ life: 1, version: 1 });
});

it('takes a later time of activity under the same version', () => {
  const states = new StatesView({ partitions: 1 });
  states.apply(
    batch([state(ALICE, { version: 1 }), state(ALICE, { version: 1 }, { ...ONLINE, lastActiveAtMs: 9_000 })]),
  );
  expect(states.get(ALICE)?.view).toEqual({ ...ONLINE, lastActiveAtMs: 9_000 });
});

it('keeps a forgotten user as gone, and does not take the old life for news', () => {
  const states = new StatesView({ partitions: 1 });
  states.apply(batch([state(ALICE, { version: 3 }), tombstone(ALICE)]));
  expect(states.get(ALICE)).toEqual({ userId: ALICE, life: 1, version: 0, changedAtMs: 3_000, gone: true });
  expect(states.raise({ userId: ALICE, life: 0, version: 4, changedAtMs: 0, view: ONLINE })).toBe('known');
  expect(states.size).toBe(0);
  expect(states.raise({ userId: ALICE, life: 1, version: 1, changedAtMs: 0, view: ONLINE })).toBe('newer');
  expect(states.size).toBe(1);
});

it('is not set back by a tombstone that was read after the next life was told', () => {
  for (const named of [undefined, 0]) {
    const states = new StatesView({ partitions: 1 });
    states.apply(batch([state(ALICE, { version: 3 })]));
    states.raise({ userId: ALICE, life: 1, version: 1, changedAtMs: 0, view: ONLINE });
    states.apply(batch([tombstone(ALICE, named)], { from: 1 }));
    expect(states.get(ALICE)).toMatchObject({ life: 1, version: 1, gone: false });
  }
});

it('learns from a tombstone that names the life what it never saw', () => {
  const states = new StatesView({ partitions: 1 });
  states.apply(batch([tombstone(ALICE), tombstone('@bob:hs', 2)]));
  expect([states.get(ALICE), states.get('@bob:hs')]).toEqual([
    undefined,
    expect.objectContaining({ life: 3, version: 0, gone: true }),
  ]);
});

it('counts broken records and goes on', () => {
  const states = new StatesView({ partitions: 1 });
  const broken = (key: string | Uint8Array | null, value: string | Uint8Array): LogRecord => ({
    ...state(ALICE, { version: 1 }),
    key: key === null ? null : Buffer.from(key),
    value: Buffer.from(value),
  });
  states.apply(
    batch([
      broken(ALICE, '{'),
      broken(null, '{}'),
      broken(ALICE, Uint8Array.of(0xff)),
      broken(Uint8Array.of(0xfe), '{}'),
      state(ALICE, { version: 2 }),
    ]),
  );
  expect([states.brokenRecords, states.get(ALICE)?.version, states.positions]).toEqual([4, 2, [5]]);
});

it('says when the effects of an input are visible', async () => {
  const states = new StatesView({ partitions: 2 });
  const late = new AbortController();
  const waits = [
    states.whenProgress(1, { topic: 'commands', offset: 4 }, never),
    states.whenProgress(1, { topic: 'activity', offset: 4 }, late.signal),
    states.whenProgress(0, { topic: 'commands', offset: 0 }, late.signal),
  ];
  states.apply(batch([progress(4, 5)], { partition: 1 }));
  expect(await waits[0]).toBe('reached');
  expect(states.waits).toBe(2);
  late.abort();
  expect([await waits[1], await waits[2], states.waits]).toEqual(['late', 'late', 0]);
  expect(await states.whenProgress(1, { topic: 'commands', offset: 4 }, late.signal)).toBe('reached');
  expect(await states.whenProgress(1, { topic: 'commands', offset: 5 }, late.signal)).toBe('late');
  expect([states.progress(1, 'activity'), states.progress(0, 'commands')]).toEqual([4, 0]);
});

it('leaves no listener on a signal that outlives many waits', async () => {
  const states = new StatesView({ partitions: 1 });
  const signal = new AbortController().signal;
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>): void =>
    void (listeners++, addEventListener.apply(signal, args));
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>): void =>
    void (listeners--, removeEventListener.apply(signal, args));
  const waits = [10, 20, 30].map((position) => states.whenAt([position], signal));
  expect(listeners).toBe(3);
  states.apply({ ...batch([]), nextOffset: 30 });
  expect(await Promise.all(waits)).toEqual(['reached', 'reached', 'reached']);
  expect([listeners, states.waits]).toEqual([0, 0]);
});

it('needs less than 32 bytes a user beside names and messages', () => {
  const states = new StatesView({ partitions: 1 });
  const users = 100_000;
  for (let user = 0; user < users; user++) states.numbering.intern(`@${user}:hs`);
  for (let user = 0; user < users; user++) states.raiseRow(user, { life: 0, version: 1, changedAtMs: 1, view: ONLINE });
  expect(states.rows.bytes / users).toBeLessThan(32);
  expect(states.size).toBe(users);
});
