// The contract of appending: order, places, times, content, limits.
import { RecordTooLargeError, UnknownTopicError } from '../errors.js';
import { partitionOf } from '../partitioner.js';
import { freshName, freshTopic, numbered, recordsOf, type Setting, text, valuesOf } from './setting.js';

const places = (setting: Setting): void => {
  it('appends in order and says where', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'order');
    const first = await log.append(topic, numbered(3));
    const second = await log.append(topic, numbered(2, 'v', 3));
    const offsets = [...first, ...second].map((appended) => appended.offset);
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    const records = await recordsOf(log, topic);
    expect(records.map((record) => record.offset)).toEqual(offsets);
    expect(records.map((record) => text(record.key))).toEqual(['k0', 'k1', 'k2', 'k3', 'k4']);
    expect(records.map((record) => text(record.value))).toEqual(['v0', 'v1', 'v2', 'v3', 'v4']);
  });

  it("sends a key where Kafka's default partitioner sends it", async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'keys', { partitions: 5 });
    const records = numbered(40);
    const appended = await log.append(topic, records);
    appended.forEach(({ partition }, i) => {
      const key = records[i]?.key as string;
      expect(partition).toBe(partitionOf(key, 5));
      expect(log.partitionOf(Buffer.from(key), 5)).toBe(partition);
    });
    for (let partition = 0; partition < 5; partition++) {
      const keys = (await recordsOf(log, topic, partition)).map((record) => text(record.key) as string);
      expect(keys.every((key) => partitionOf(key, 5) === partition)).toBe(true);
    }
  });

  it('obeys an explicit partition, and places records without a key somewhere', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'explicit', { partitions: 3 });
    const appended = await log.append(topic, [
      { key: 'same', value: 'a', partition: 0 },
      { key: 'same', value: 'b', partition: 2 },
      { key: null, value: 'c' },
    ]);
    expect(appended.map((one) => one.partition).slice(0, 2)).toEqual([0, 2]);
    expect((await valuesOf(log, topic)).sort()).toEqual(['a', 'b', 'c']);
    expect((await recordsOf(log, topic, appended[2]?.partition)).at(-1)?.key).toBeNull();
  });

  it('keeps the order of concurrent appends', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'concurrent', { partitions: 2 });
    await Promise.all(
      Array.from({ length: 300 }, (_, i) => log.append(topic, [{ key: null, value: `${i}`, partition: i % 2 }])),
    );
    for (const partition of [0, 1]) {
      const values = (await recordsOf(log, topic, partition)).map((record) => Number(text(record.value)));
      expect(values).toEqual(Array.from({ length: 150 }, (_, i) => 2 * i + partition));
    }
  });
};

const content = (setting: Setting): void => {
  it('stamps records itself, never earlier than its partition had reached', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'times');
    const appended = [];
    for (let i = 0; i < 5; i++) {
      appended.push(...(await log.append(topic, [{ key: 'k', value: `${i}` }])));
      setting.under().advanceMs?.(i === 2 ? -5000 : 7);
    }
    const times = appended.map((one) => one.timestampMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect((await recordsOf(log, topic)).map((record) => record.timestampMs)).toEqual(times);
    setting.under().advanceMs?.(5000);
  });

  it('leaves times to the producer where the topic says so, falling ones too', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'created', { timestamps: 'create' });
    const base = Date.now() - 3_600_000;
    const times = [base, base + 500, base - 60_000, base + 2];
    const appended = await log.append(
      topic,
      times.map((timestampMs) => ({ key: 'k', value: 'v', timestampMs })),
    );
    expect(appended.map((one) => one.timestampMs)).toEqual(times);
    expect((await recordsOf(log, topic)).map((record) => record.timestampMs)).toEqual(times);
  });

  it('carries headers, tombstones, empty values and any bytes', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'content');
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    await log.append(topic, [
      { key: 'h', value: 'v', headers: { 'content-type': 'application/json', größe: '½' } },
      { key: 'tombstone', value: null },
      { key: 'empty', value: '' },
      { key: bytes, value: bytes },
      { key: 'ünï', value: '𝄞' },
    ]);
    const records = await recordsOf(log, topic);
    expect(records[0]?.headers).toEqual({ 'content-type': 'application/json', größe: '½' });
    expect(records[1]?.value).toBeNull();
    expect(records[2]?.value).toHaveLength(0);
    expect(Buffer.from(records[3]?.key ?? []).equals(Buffer.from(bytes))).toBe(true);
    expect(Buffer.from(records[3]?.value ?? []).equals(Buffer.from(bytes))).toBe(true);
    expect([text(records[4]?.key ?? null), text(records[4]?.value ?? null)]).toEqual(['ünï', '𝄞']);
  });
};

const refusals = (setting: Setting): void => {
  it('refuses records that are too large, and goes on', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'large');
    const value = 'x'.repeat(setting.capabilities.tooLargeBytes ?? 3_000_000);
    await expect(log.append(topic, [{ key: 'k', value }])).rejects.toBeInstanceOf(RecordTooLargeError);
    await log.append(topic, [{ key: 'k', value: 'small' }]);
    expect(await valuesOf(log, topic)).toEqual(['small']);
  });

  it('knows which topics do not exist', async () => {
    const log = setting.log();
    const topic = freshName('nowhere');
    await expect(log.append(topic, numbered(1))).rejects.toBeInstanceOf(UnknownTopicError);
    await expect(log.ends(topic)).rejects.toBeInstanceOf(UnknownTopicError);
    await expect(log.starts(topic)).rejects.toBeInstanceOf(UnknownTopicError);
    const tail = log.tail({ topics: new Map([[topic, 'start']]), onBatch: () => undefined, onError: () => undefined });
    await expect(tail).rejects.toBeInstanceOf(UnknownTopicError);
  });
};

export const describeAppending = (setting: Setting): void => {
  describe('appending', () => {
    places(setting);
    content(setting);
    refusals(setting);
  });
};
