// Thousands of mutated records among good ones, through the whole aggregator. The judge is the decoder asked by itself: what it
// refuses must lie in `presence.rejected`, once, with its reason and its bytes; what it takes must be taken; nothing stalls.
import { isUtf8 } from 'node:buffer';
import { decodeActivity, decodeCommand, encodeActivity, encodeCommand, topicNames, topicSpecs } from '#libs/contracts';
import { MemoryEventLog, type LogRecord } from '#libs/event-log';
import { Draw, SimulatedClock, turns } from '#libs/testing';
import { Aggregator } from '../src/aggregator.js';

const SEED = Number(process.env['SEED'] ?? 20_261_122);
const RECORDS = 24_000;
const BATCH = 2_000;
const PARTITIONS = 3;
const TOPICS = topicNames('presence.');
const WORDS = [
  'null',
  '-1',
  '1e99',
  '"',
  '}',
  '{',
  '\\u0000',
  '[',
  '999999999999999999999',
  'true',
  '"v":2',
  ',',
  '\ufffd',
];

const GOOD = {
  activity: [
    encodeActivity({ userId: '@a:hs', input: { type: 'device.active', deviceId: 'D' } }),
    encodeActivity({
      userId: '@a:hs',
      input: { type: 'device.connected', deviceId: 'D', sessionId: 's', claim: 'auto', leaseMs: 60_000 },
    }),
    encodeActivity({
      userId: '@a:hs',
      input: { type: 'device.disconnected', deviceId: 'D', sessionId: 's', agoMs: 5 },
    }),
  ],
  commands: [
    encodeCommand({
      userId: '@a:hs',
      input: { type: 'presence.set', deviceId: 'D', presence: 'busy', statusMsg: 'hi' },
    }),
    encodeCommand({ userId: '@a:hs', input: { type: 'presence.override', presence: 'offline' } }),
    encodeCommand({ userId: '@a:hs', input: { type: 'user.forget' } }),
  ],
} as const;
type InputTopic = keyof typeof GOOD;

function mutated(text: string, draw: (below: number) => number): Buffer | null {
  const bytes = Buffer.from(text);
  const at = draw(bytes.length);
  switch (draw(7)) {
    case 0:
      return null;
    case 1:
      bytes[at] = draw(256);
      return bytes;
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + draw(8)))]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(WORDS[draw(WORDS.length)]!), bytes.subarray(at)]);
    case 5:
      return Buffer.from(text.replace(/:("[^"]*"|\d+)/, `:${WORDS[draw(WORDS.length)]!}`));
    default:
      return bytes;
  }
}

/** Whether the record is one, asked of the codec alone. */
function isGood(topic: InputTopic, { key, value }: LogRecord): boolean {
  if (value === null || key === null || !isUtf8(value) || !isUtf8(key)) return false;
  const decode = topic === 'activity' ? decodeActivity : decodeCommand;
  return decode(Buffer.from(value).toString('utf8'), Buffer.from(key).toString('utf8')).ok;
}

async function readAll(log: MemoryEventLog, topic: string): Promise<{ partition: number; record: LogRecord }[]> {
  const found: { partition: number; record: LogRecord }[] = [];
  for (const [partition, end] of (await log.ends(topic)).entries()) {
    for await (const { records } of log.read(topic, partition, 0, end)) {
      found.push(...records.map((record) => ({ partition, record })));
    }
  }
  return found;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const placeOf = (topic: string, partition: number, offset: number): string => `${topic} ${partition} ${offset}`;

describe('poison', () => {
  it(`is rejected with its reason, once, and stalls nothing (seed ${SEED}, ${RECORDS} records)`, async () => {
    const clock = new SimulatedClock(1_800_000_000_000);
    const log = new MemoryEventLog({ now: clock.now });
    await log.createTopics(topicSpecs({ prefix: 'presence.', partitions: PARTITIONS, deliveryPartitions: 1 }));
    const aggregator = new Aggregator({ log, clock, topics: TOPICS, prefix: 'presence.' });
    await aggregator.start();
    const drawn = new Draw(SEED);
    const draw = (below: number): number => drawn.below(below);
    for (let sent = 0; sent < RECORDS; sent += BATCH) {
      for (const topic of ['activity', 'commands'] as const) {
        const records = Array.from({ length: BATCH / 2 }, () => {
          const userId = `@u${draw(50)}:hs`;
          const text = GOOD[topic][draw(GOOD[topic].length)]!.replace('@a:hs', userId);
          return { key: draw(40) === 0 ? '@other:hs' : userId, value: mutated(text, draw) };
        });
        await log.append(TOPICS[topic], records);
      }
      await clock.runTo(clock.nowMs() + 1_000, turns);
    }
    await log.append(TOPICS.commands, [{ key: '@last:hs', value: GOOD.commands[0].replace('@a:hs', '@last:hs') }]);
    await clock.runTo(clock.nowMs() + 5_000, turns);

    const bad = new Map<string, LogRecord>();
    for (const topic of ['activity', 'commands'] as const) {
      for (const { partition, record } of await readAll(log, TOPICS[topic])) {
        if (!isGood(topic, record)) bad.set(placeOf(TOPICS[topic], partition, record.offset), record);
      }
      for (const [partition, end] of (await log.ends(TOPICS[topic])).entries()) {
        const input = topic === 'activity' ? 0 : 1;
        expect(aggregator.host.task(partition)?.positions[input]?.nextOffset).toBe(end);
      }
    }
    expect(bad.size).toBeGreaterThan(RECORDS / 3);
    const rejected = await readAll(log, TOPICS.rejected);
    for (const { record } of rejected) {
      const { topic, partition, offset, reason } = record.headers ?? {};
      const place = placeOf(String(topic), Number(partition), Number(offset));
      const original = bad.get(place);
      if (original === undefined) throw new Error(`${place} is rejected twice, or is a good record`);
      // Compared as text: thousands of deep comparisons would take longer than the run.
      const got = [place, typeof reason, String(record.key), record.value === null ? null : hex(record.value)];
      const wanted = [place, 'string', String(original.key), original.value === null ? null : hex(original.value)];
      if (JSON.stringify(got) !== JSON.stringify(wanted)) expect(got).toEqual(wanted);
      bad.delete(place);
    }
    expect([...bad.keys()]).toEqual([]);
    expect(aggregator.viewOf('@last:hs', PARTITIONS, clock.nowMs())).toMatchObject({
      presence: 'busy',
    });
    await aggregator.stop();
  }, 120_000);
});
