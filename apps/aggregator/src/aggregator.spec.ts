// The aggregator on the in-memory log: what it writes for what it reads, record by record (design.md section 4).
import { topicNames, topicSpecs } from '#libs/contracts';
import { MemoryEventLog, type LogRecord, type NewRecord } from '#libs/event-log';
import { SimulatedClock, turns } from '#libs/testing';
import { Aggregator } from './aggregator.js';

const START_MS = 1_800_000_000_000;
const TOPICS = topicNames('presence.');
const ALICE = '@alice:hs';

async function scene() {
  const clock = new SimulatedClock(START_MS);
  const log = new MemoryEventLog({ now: clock.now });
  await log.createTopics(topicSpecs({ prefix: 'presence.', partitions: 1, deliveryPartitions: 1 }));
  const open = (): Aggregator => new Aggregator({ log, clock, topics: TOPICS, prefix: 'presence.' });
  const aggregator = open();
  await aggregator.start();
  const send = async (topic: 'activity' | 'commands', fields: object, userId = ALICE): Promise<void> => {
    await log.append(TOPICS[topic], [{ key: userId, value: JSON.stringify({ v: 1, user_id: userId, ...fields }) }]);
    await turns();
  };
  const raw = async (topic: 'activity' | 'commands', record: NewRecord): Promise<void> => {
    await log.append(TOPICS[topic], [record]);
    await turns();
  };
  const pass = (ms: number): Promise<void> => clock.runTo(clock.nowMs() + ms, turns);
  const read = async (topic: 'states' | 'changes' | 'registers' | 'rejected'): Promise<LogRecord[]> => {
    const records: LogRecord[] = [];
    for await (const batch of log.read(TOPICS[topic], 0, 0, (await log.ends(TOPICS[topic]))[0]!))
      records.push(...batch.records);
    return records;
  };
  const values = async (topic: 'states' | 'changes' | 'registers'): Promise<unknown[]> =>
    (await read(topic))
      .filter(({ key }) => String(key) !== '!progress')
      .map(({ value }) => (value === null ? null : (JSON.parse(String(value)) as unknown)));
  return { clock, log, aggregator, open, send, raw, pass, read, values };
}

describe('the aggregator', () => {
  it('writes a change, a state and registers for a PUT, and its progress last', async () => {
    const { send, values, read, aggregator } = await scene();
    await send('commands', { type: 'presence.set', device_id: 'D', presence: 'online', status_msg: 'hi' });
    expect(await values('changes')).toEqual([
      {
        type: 'presence.changed',
        v: 1,
        user_id: ALICE,
        version: 1,
        at_ts: START_MS,
        presence: 'online',
        status_msg: 'hi',
        currently_active: true,
        last_active_ts: START_MS,
        before: { presence: 'offline', currently_active: false },
        cause: { topic: 'commands', offset: 0 },
        applied: { commands: 0 },
      },
    ]);
    expect(await values('states')).toEqual([
      {
        type: 'presence.state',
        v: 1,
        user_id: ALICE,
        version: 1,
        changed_ts: START_MS,
        presence: 'online',
        status_msg: 'hi',
        currently_active: true,
        last_active_ts: START_MS,
      },
    ]);
    const progress = (await read('states')).at(-1)!;
    expect(String(progress.key)).toBe('!progress');
    expect(JSON.parse(String(progress.value))).toMatchObject({
      inputs: { activity: { next_offset: 0 }, commands: { next_offset: 1, reached_ts: START_MS } },
    });
    await aggregator.stop();
  });

  it('names the timer that made a change, at its exact time', async () => {
    const { send, pass, values, aggregator } = await scene();
    await send('commands', { type: 'presence.set', device_id: 'D', presence: 'online' });
    await pass(60_000);
    expect(await values('changes')).toHaveLength(2);
    expect((await values('changes'))[1]).toMatchObject({
      version: 2,
      at_ts: START_MS + 30_000,
      presence: 'offline',
      cause: { timer: 'put' },
      applied: { commands: 0 },
    });
    await aggregator.stop();
  });

  it('writes nothing for renewals and bumps but progress, and the state when last_active_ts has moved by more than activeFor', async () => {
    const { send, pass, values, aggregator } = await scene();
    const connect = { type: 'device.connected', device_id: 'D', session_id: 'S', claim: 'auto', lease_ms: 300_000 };
    await send('activity', connect);
    for (let minute = 0; minute < 6; minute += 1) {
      await pass(20_000);
      await send('activity', { type: 'device.active', device_id: 'D' });
      await send('activity', connect);
    }
    expect(await values('changes')).toHaveLength(1);
    const states = (await values('states')) as { last_active_ts: number; version: number }[];
    expect(states.at(-1)).toMatchObject({ version: 1, changed_ts: START_MS, last_active_ts: START_MS + 80_000 });
    await aggregator.stop();
  });

  it('tells an erasure: a last change, presence.forgotten, a tombstone, and a marker in the registers', async () => {
    const { send, values, read, aggregator } = await scene();
    await send('commands', { type: 'presence.set', device_id: 'D', presence: 'online' });
    await send('commands', { type: 'user.forget' });
    const changes = (await values('changes')) as { type: string }[];
    expect(changes.map(({ type }) => type)).toEqual(['presence.changed', 'presence.changed', 'presence.forgotten']);
    expect(changes[2]).toEqual({
      type: 'presence.forgotten',
      v: 1,
      user_id: ALICE,
      version: 2,
      at_ts: START_MS,
      cause: { topic: 'commands', offset: 1 },
      applied: { commands: 1 },
    });
    const [tombstone] = (await read('states')).filter(({ value }) => value === null);
    expect(tombstone).toMatchObject({ key: Buffer.from(ALICE), headers: { life: '0' } });
    expect((await values('registers')).at(-1)).toMatchObject({ life: 1, version: 0, forgotten_ts: START_MS });
    await send('activity', { type: 'device.active', device_id: 'D' });
    await send('commands', { type: 'presence.set', device_id: 'D', presence: 'busy' });
    expect((await values('states')).at(-1)).toMatchObject({ life: 1, version: 1, presence: 'busy' });
    await aggregator.stop();
  });

  it('rejects what stands in another partition than its key says, before the user is in two', async () => {
    const clock = new SimulatedClock(START_MS);
    const log = new MemoryEventLog({ now: clock.now });
    await log.createTopics(topicSpecs({ prefix: 'presence.', partitions: 2, deliveryPartitions: 1 }));
    const aggregator = new Aggregator({ log, clock, topics: TOPICS, prefix: 'presence.' });
    await aggregator.start();
    const home = log.partitionOf(ALICE, 2);
    const value = `{"type":"device.active","v":1,"user_id":"${ALICE}","device_id":"D"}`;
    for (const partition of [1 - home, home, 1 - home]) {
      await log.append(TOPICS.activity, [{ key: ALICE, value, partition }]);
      await turns();
    }
    const held = async (topic: string): Promise<LogRecord[]> => {
      const records: LogRecord[] = [];
      for (const [partition, end] of (await log.ends(topic)).entries())
        for await (const batch of log.read(topic, partition, 0, end)) records.push(...batch.records);
      return records;
    };
    const rejected = await held(TOPICS.rejected);
    expect(rejected.map(({ headers }) => headers?.['partition'])).toEqual([String(1 - home), String(1 - home)]);
    expect(rejected[0]?.headers?.['reason']).toContain(`belongs to partition ${home}, not to partition ${1 - home}`);
    expect((await held(TOPICS.registers)).filter(({ key }) => String(key) === ALICE).length).toBeLessThanOrEqual(1);
    expect([0, 1].map((partition) => aggregator.host.task(partition)?.positions[0]?.nextOffset)).toEqual(
      home === 0 ? [1, 2] : [2, 1],
    );
    await aggregator.stop();
  });

  it.each([
    ['a tombstone', { key: ALICE, value: null }, 'no value'],
    ['broken JSON', { key: ALICE, value: '{"type":' }, 'not JSON'],
    ['bytes that are not UTF-8', { key: ALICE, value: Buffer.from([0x7b, 0xff, 0x7d]) }, 'not UTF-8'],
    ['a key that is not UTF-8', { key: Buffer.from([0xff]), value: '{}' }, 'key is not UTF-8'],
    [
      'a key of somebody else',
      { key: '@bob:hs', value: `{"type":"device.active","v":1,"user_id":"${ALICE}"}` },
      'the key is',
    ],
    ['no key', { key: null, value: `{"type":"device.active","v":1,"user_id":"${ALICE}"}` }, 'no key'],
    ['a future version', { key: ALICE, value: `{"type":"device.active","v":9,"user_id":"${ALICE}"}` }, '"v" is 9'],
  ])('rejects %s, bytes, key and reason kept, once, and goes on', async (_, record, reason) => {
    const { raw, send, read, values, open, aggregator } = await scene();
    await raw('activity', record);
    await send('activity', {
      type: 'device.connected',
      device_id: 'D',
      session_id: 'S',
      claim: 'online',
      lease_ms: 60_000,
    });
    await aggregator.stop();
    const again = open();
    await again.start();
    await turns();
    await again.stop();
    const rejected = await read('rejected');
    expect(rejected).toHaveLength(1);
    expect(rejected[0]!.headers).toEqual({
      topic: TOPICS.activity,
      partition: '0',
      offset: '0',
      reason: expect.stringContaining(reason) as string,
    });
    expect(rejected[0]!.value).toEqual(record.value === null ? null : Buffer.from(record.value));
    expect(rejected[0]!.key).toEqual(record.key === null ? null : Buffer.from(record.key));
    expect(await values('changes')).toHaveLength(1);
  });

  it('goes on from registers of before they told what the state holds, and writes them anew', async () => {
    const { send, pass, values, open, aggregator, log } = await scene();
    const registers = async (): Promise<{ readonly state?: unknown }> =>
      (await values('registers')).findLast((value) => (value as { type: string }).type === 'presence.registers') ?? {};
    const active = (): Promise<void> => send('activity', { type: 'device.active', device_id: 'D' });
    const session = { device_id: 'D', session_id: 'S', claim: 'auto', lease_ms: 300_000 };
    await send('activity', { type: 'device.connected', ...session });
    await aggregator.stop();
    const { state, ...older } = await registers();
    expect(state).toEqual({ last_active_ts: START_MS });
    await log.append(TOPICS.registers, [{ key: ALICE, value: JSON.stringify(older) }]);
    const again = open();
    await again.start();
    for (const ms of [50_000, 10_000]) {
      await pass(ms);
      await active();
    }
    expect(await values('states')).toMatchObject([{ last_active_ts: START_MS }]);
    await pass(1_000);
    await active();
    expect(await values('states')).toMatchObject([{ last_active_ts: START_MS + 61_000 }]);
    expect(await registers()).toMatchObject({ state: { last_active_ts: START_MS + 61_000 } });
    await again.stop();
  });

  it('shows in the live view what the registers hold, after a restart as before it', async () => {
    const { send, pass, clock, open, aggregator } = await scene();
    await send('activity', {
      type: 'device.connected',
      device_id: 'D',
      session_id: 'S',
      claim: 'auto',
      lease_ms: 600_000,
    });
    await pass(30_000);
    await send('activity', { type: 'device.active', device_id: 'D' });
    const before = aggregator.viewOf(ALICE, 1, clock.nowMs());
    expect(before).toEqual({ presence: 'online', currentlyActive: true, lastActiveAtMs: START_MS + 30_000 });
    await Promise.all(aggregator.host.tasks.map((task) => task.abandon()));
    await aggregator.stop();
    const again = open();
    await again.start();
    await turns();
    expect(again.viewOf(ALICE, 1, clock.nowMs())).toEqual(before);
    await again.stop();
  });
});
