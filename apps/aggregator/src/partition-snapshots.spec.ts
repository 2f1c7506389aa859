// Snapshots as the aggregator writes them: whole at one pair of input offsets however much happens meanwhile, void when cut off,
// and begun anew where what was before does not lead to what is.
import { decodeRegisters, decodeSnapshotRecord, topicNames, topicSpecs, type SnapshotRecord } from '#libs/contracts';
import { MemoryEventLog, type LogRecord } from '#libs/event-log';
import { DEFAULT_POLICY, type Policy } from '#libs/presence';
import { SimulatedClock, turns } from '#libs/testing';
import { Aggregator } from './aggregator.js';
import type { SnapshotPace } from './partition-snapshots.js';

const START_MS = 1_800_000_000_000;
const TOPICS = topicNames('presence.');
const HOUR_MS = 3_600_000;
const USERS = Array.from({ length: 7 }, (_, index) => `@u${index}:hs`);

interface Choices {
  readonly policy?: Policy;
  readonly pace?: Partial<SnapshotPace>;
}

type Entry = SnapshotRecord | { readonly kind: 'user'; readonly userId: string; readonly version: number };

function entryOf({ key, value }: LogRecord): Entry {
  const [keyText, text] = [String(key), String(value)];
  if (keyText.startsWith('!')) {
    const decoded = decodeSnapshotRecord(text, keyText);
    if (!decoded.ok) throw new Error(decoded.reason);
    return decoded.record;
  }
  const { userId, snapshot } = decodeRegisters(text);
  expect(userId).toBe(keyText);
  return { kind: 'user', userId, version: snapshot.version };
}

async function scene() {
  const clock = new SimulatedClock(START_MS);
  const log = new MemoryEventLog({ now: clock.now });
  await log.createTopics(topicSpecs({ prefix: 'presence.', partitions: 1, deliveryPartitions: 1 }));
  const open = async ({ policy = DEFAULT_POLICY, pace }: Choices = {}): Promise<Aggregator> => {
    const snapshots = { everyMs: HOUR_MS, sliceUsers: 2, ...pace };
    const aggregator = new Aggregator({ log, clock, topics: TOPICS, prefix: 'presence.', policy, snapshots });
    await aggregator.start();
    await turns();
    return aggregator;
  };
  const put = async (userId: string, presence: string): Promise<void> => {
    const value = JSON.stringify({ type: 'presence.set', v: 1, user_id: userId, device_id: 'D', presence });
    await log.append(TOPICS.commands, [{ key: userId, value }]);
    await turns();
  };
  const pass = (ms: number): Promise<void> => clock.runTo(clock.nowMs() + ms, turns);
  const entries = async (): Promise<Entry[]> => {
    const found: Entry[] = [];
    for await (const { records } of log.read(TOPICS.snapshots, 0, 0, (await log.ends(TOPICS.snapshots))[0]!))
      found.push(...records.map(entryOf));
    return found;
  };
  return { clock, log, open, put, pass, entries };
}

const begins = (entries: readonly Entry[]) => entries.filter((entry) => entry.kind === 'begin');
const users = (entries: readonly Entry[]) => entries.filter((entry) => entry.kind === 'user');

describe('snapshots', () => {
  it('write nothing of a partition that never had an input', async () => {
    const { open, pass, entries, log } = await scene();
    const aggregator = await open();
    await pass(3 * HOUR_MS);
    expect(await entries()).toEqual([]);
    expect(await log.ends(TOPICS.states)).toEqual([0]);
    await aggregator.stop();
  });

  it('begin before the first input, and again when it is time, without any input', async () => {
    const { open, put, pass, entries } = await scene();
    const aggregator = await open();
    for (const user of USERS) await put(user, 'online');
    await pass(60_000);
    expect(await entries()).toMatchObject([
      { kind: 'begin', reason: 'first', users: 0, atMs: START_MS, inputs: [{ nextOffset: 0 }, { nextOffset: 0 }] },
      { kind: 'end', users: 0, atMs: START_MS },
    ]);
    await pass(HOUR_MS);
    const all = (await entries()).slice(2);
    expect(all[0]).toMatchObject({
      kind: 'begin',
      reason: 'due',
      users: 7,
      inputs: [{ nextOffset: 0 }, { nextOffset: 7 }],
    });
    expect(
      users(all)
        .map((entry) => (entry as { userId: string }).userId)
        .sort(),
    ).toEqual(USERS);
    expect(all.at(-1)).toMatchObject({ kind: 'end', users: 7, atMs: START_MS + HOUR_MS });
    await aggregator.stop();
  });

  it('hold what was there when they began, each user once, while everybody changes', async () => {
    const { open, put, pass, entries, clock } = await scene();
    const aggregator = await open({ pace: { sliceUsers: 1 } });
    for (const user of USERS) await put(user, 'online');
    await pass(HOUR_MS - (clock.nowMs() - START_MS) - 1);
    clock.advanceTo(START_MS + HOUR_MS);
    // Every user's second version was the going offline; these are the third and fourth.
    for (const user of [...USERS].reverse()) await put(user, 'busy');
    for (const user of USERS) await put(user, 'unavailable');
    await pass(1_000);
    const all = (await entries()).slice(2);
    const begin = begins(all)[0]!;
    expect(begin).toMatchObject({ users: 7 });
    const taken = begin.inputs[1]!.nextOffset;
    expect(taken).toBeGreaterThanOrEqual(7);
    expect(taken).toBeLessThan(21);
    const before = new Map(USERS.map((user, index) => [user, 2 + (13 - index < taken ? 1 : 0)]));
    expect(users(all)).toHaveLength(7);
    for (const entry of users(all)) {
      const { userId, version } = entry as { userId: string; version: number };
      expect([userId, version]).toEqual([userId, before.get(userId)]);
    }
    expect(all.at(-1)).toMatchObject({ kind: 'end', users: 7 });
    await aggregator.stop();
  });

  it('are void when the owner dies in the middle, and begin anew with the next', async () => {
    const { open, put, pass, entries, clock, log } = await scene();
    const first = await open({ pace: { sliceUsers: 1 } });
    for (const user of USERS) await put(user, 'online');
    await pass(HOUR_MS - (clock.nowMs() - START_MS) - 1);
    clock.advanceTo(START_MS + HOUR_MS);
    for (let turn = 0; begins(await entries()).length < 2; turn += 1) {
      expect(turn).toBeLessThan(1_000);
      await turns(1);
    }
    await Promise.all(first.host.tasks.map((task) => task.abandon()));
    await first.stop();
    const cutOff = await entries();
    expect(cutOff.at(-1)!.kind).not.toBe('end');
    const registers = (await log.ends(TOPICS.registers))[0]!;
    const second = await open();
    await pass(1_000);
    const after = (await entries()).slice(cutOff.length);
    expect(after[0]).toMatchObject({ kind: 'begin', reason: 'due', users: 7 });
    expect(users(after)).toHaveLength(7);
    expect(after.at(-1)).toMatchObject({ kind: 'end', users: 7 });
    expect((await log.ends(TOPICS.registers))[0]!).toBeGreaterThan(registers);
    await second.stop();
  });

  it('begin at the start, before anything is taken, when the timings are others; and not when all is as before', async () => {
    const { open, put, pass, entries } = await scene();
    const first = await open();
    for (const user of USERS) await put(user, 'online');
    await first.stop();
    const second = await open();
    await pass(1_000);
    expect(begins(await entries())).toHaveLength(1);
    await second.stop();
    const policy = { ...DEFAULT_POLICY, idleAfterMs: 600_000 };
    const third = await open({ policy });
    await pass(1_000);
    expect(begins(await entries()).at(-1)).toMatchObject({ reason: 'policy', policy, users: 7 });
    await third.stop();
    const fourth = await open({ policy });
    await pass(1_000);
    expect(begins(await entries())).toHaveLength(2);
    await fourth.stop();
  });

  it('begin at the start where registers came without the inputs that made them', async () => {
    const source = await scene();
    const aggregator = await source.open();
    for (const user of USERS) await source.put(user, 'online');
    await aggregator.stop();
    const target = await scene();
    for await (const { records } of source.log.read(
      TOPICS.registers,
      0,
      0,
      (await source.log.ends(TOPICS.registers))[0]!,
    )) {
      for (const { key, value } of records) await target.log.append(TOPICS.registers, [{ key, value }]);
    }
    const there = await target.open();
    await target.pass(1_000);
    const all = await target.entries();
    expect(all[0]).toMatchObject({
      kind: 'begin',
      reason: 'moved',
      users: 7,
      inputs: [{ nextOffset: 0 }, { nextOffset: 0 }],
    });
    expect(users(all)).toHaveLength(7);
    await there.stop();
  });
});

it('an input that is taken after a later one is marked, and nothing else is', async () => {
  const { open, put, entries, log, clock } = await scene();
  const aggregator = await open();
  const active = async (): Promise<void> => {
    const value = JSON.stringify({ type: 'device.active', v: 1, user_id: USERS[0], device_id: 'D' });
    await log.append(TOPICS.activity, [{ key: USERS[0]!, value }]);
    await turns();
  };
  await active();
  await put(USERS[0]!, 'online');
  clock.advanceTo(START_MS + 10);
  await active();
  await put(USERS[0]!, 'online');
  const marks = (found: readonly Entry[]) => found.filter((entry) => entry.kind === 'order');
  expect(marks(await entries())).toEqual([]);
  // Activity is first at equal times; here a command of that time was taken already.
  await active();
  expect(marks(await entries())).toEqual([{ kind: 'order', points: [[1, 1]] }]);
  await active();
  expect(marks(await entries())).toHaveLength(1);
  await aggregator.stop();
});
