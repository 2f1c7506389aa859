// The contract of bounded reads: exactly what is committed between two offsets, ending at the end whatever lies before it;
// and of cleaning: what compaction and retention take, and what they never take.
import { PackedRecord } from '../packed-record.js';
import type { RecordBatch } from '../port.js';
import { batchesOf, freshTopic, numbered, recordsOf, type Setting, text, valuesOf } from './setting.js';

/** A test that an adapter's capabilities rule out is not declared: skipped in CI, it would read as a missing broker. */
const undeclared = (_name: string, _test: () => Promise<void>): void => undefined;

const expectMovesTo = (batches: readonly RecordBatch[], to: number): void => {
  let position = -1;
  for (const batch of batches) {
    for (const record of batch.records) {
      expect(record.offset).toBeGreaterThanOrEqual(position);
      position = record.offset + 1;
    }
    expect(batch.nextOffset).toBeGreaterThanOrEqual(position);
    position = batch.nextOffset;
  }
  if (batches.length > 0) expect(position).toBe(to);
};

const ranges = (setting: Setting): void => {
  it('reads what lies between two offsets', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'range');
    const appended = await log.append(topic, numbered(20));
    const [from, to] = [appended[5]?.offset as number, appended[12]?.offset as number];
    const batches = await batchesOf(log, topic, 0, { from, to });
    expect(batches.flatMap((batch) => batch.records).map((record) => text(record.value))).toEqual(
      Array.from({ length: 7 }, (_, i) => `v${i + 5}`),
    );
    expectMovesTo(batches, to);
    expect((await batchesOf(log, topic, 0, { from: to, to })).flatMap((batch) => batch.records)).toEqual([]);
  });

  it('shows the same records packed as listed, where it has them packed', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'packed');
    const appended = await log.append(topic, [
      ...numbered(20),
      { key: null, value: 'keyless', headers: { one: 'more' }, partition: 0 },
      { key: 'gone', value: null, partition: 0 },
      { key: '', value: '', partition: 0 },
    ]);
    for (const from of [0, appended[7]?.offset as number]) {
      for (const { packed, records } of await batchesOf(log, topic, 0, {
        from,
        to: (await log.ends(topic))[0] as number,
      })) {
        if (packed === undefined) continue;
        const cursor = packed.cursor();
        const into = new PackedRecord();
        expect(cursor.left).toBe(records.length);
        for (const { offset, timestampMs, key, value, headers } of records) {
          const record = cursor.next(into);
          expect(record).toMatchObject({ offset, timestampMs });
          expect([record?.key, record?.value].map((of) => text(of ?? null))).toEqual([key, value].map(text));
          expect(record?.headers).toEqual(headers);
        }
        expect([cursor.next(into), cursor.left]).toEqual([undefined, 0]);
      }
    }
  });

  it('ends at the end asked for, though more arrives meanwhile', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'bounded');
    await log.append(topic, numbered(10));
    const to = (await log.ends(topic))[0] as number;
    const values: (string | null)[] = [];
    for await (const batch of log.read(topic, 0, 0, to)) {
      values.push(...batch.records.map((record) => text(record.value)));
      await log.append(topic, numbered(1, 'later'));
    }
    expect(values).toEqual(Array.from({ length: 10 }, (_, i) => `v${i}`));
  });

  it('reads much in bounded batches', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'much');
    const value = 'x'.repeat(20_000);
    for (let i = 0; i < 5; i++)
      await log.append(
        topic,
        Array.from({ length: 40 }, (_, j) => ({ key: `${i * 40 + j}`, value })),
      );
    const batches = await batchesOf(log, topic);
    expect(batches.length).toBeGreaterThan(1);
    expect(batches.flatMap((batch) => batch.records).map((record) => Number(text(record.key)))).toEqual(
      Array.from({ length: 200 }, (_, i) => i),
    );
  });

  it('can be left in the middle', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'left');
    await log.append(topic, numbered(10));
    for await (const batch of log.read(topic, 0, 0, 10)) {
      expect(batch.records.length).toBeGreaterThan(0);
      break;
    }
    expect(await valuesOf(log, topic)).toHaveLength(10);
  });
};

const times = (setting: Setting): void => {
  it('finds the first offset that is not older than a time', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'times', { partitions: 2, timestamps: 'create' });
    expect(await log.offsetsAt(topic, 5)).toEqual([0, 0]);
    const at = (index: number): number => 1_700_000_000_000 + Math.floor(index / 3) * 1_000;
    for (let group = 0; group < 10; group++) {
      const records = numbered(30, 'v', group * 30).map((record, i) => ({
        ...record,
        partition: 0,
        timestampMs: at(group * 30 + i),
      }));
      await log.append(topic, records);
    }
    for (const index of [0, 1, 2, 3, 29, 30, 31, 150, 200, 297, 299]) {
      expect((await log.offsetsAt(topic, at(index)))[0]).toBe(index - (index % 3));
      expect((await log.offsetsAt(topic, at(index) - 1))[0]).toBe(index - (index % 3));
      expect((await log.offsetsAt(topic, at(index) + 1))[0]).toBe(index - (index % 3) + 3);
    }
    expect(await log.offsetsAt(topic, 0)).toEqual([0, 0]);
    expect(await log.offsetsAt(topic, at(300))).toEqual([300, 0]);
  });
};

const gaps = (setting: Setting): void => {
  const aborted = setting.capabilities.abortedTransactions ? it : undeclared;
  aborted('reads to an end before which nothing readable lies', async () => {
    const { log, leaveAborted } = setting.under();
    const topic = await freshTopic(log, 'aborted');
    await log.append(topic, numbered(3));
    await leaveAborted?.(topic, 0);
    const to = (await log.ends(topic))[0] as number;
    expect(to).toBeGreaterThan(3);
    const batches = await batchesOf(log, topic, 0, { from: 0, to });
    expect(batches.flatMap((batch) => batch.records).map((record) => text(record.value))).toEqual(['v0', 'v1', 'v2']);
    expectMovesTo(batches, to);
    expectMovesTo(await batchesOf(log, topic, 0, { from: 3, to }), to);
    await log.append(topic, numbered(1, 'after'));
    expect(await valuesOf(log, topic)).toEqual(['v0', 'v1', 'v2', 'after0']);
  });

  it("reads to an end right after a transaction's", async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'transacted');
    const transactor = await log.transactor(`${topic}.t`);
    for (let i = 0; i < 3; i++) await transactor.transact({ appends: [{ topic, records: numbered(2, 'v', 2 * i) }] });
    await transactor.close();
    const to = (await log.ends(topic))[0] as number;
    const batches = await batchesOf(log, topic, 0, { from: 0, to });
    expectMovesTo(batches, to);
    expect(await valuesOf(log, topic)).toEqual(['v0', 'v1', 'v2', 'v3', 'v4', 'v5']);
  });
};

const cleaning = (setting: Setting): void => {
  const compacting = setting.capabilities.housekeeping ? it : undeclared;
  compacting('compaction keeps the last record of every key, and moves no offset', async () => {
    const { log, housekeep } = setting.under();
    const topic = await freshTopic(log, 'compacted', { cleanup: 'compact' });
    for (let round = 0; round < 4; round++) {
      await log.append(
        topic,
        Array.from({ length: 25 }, (_, i) => ({ key: `k${i}`, value: `${round}` })),
      );
    }
    const [to] = await log.ends(topic);
    await log.append(topic, [{ key: 'k7', value: null }]);
    await housekeep?.();
    const records = await recordsOf(log, topic);
    const latest = new Map(records.map((record) => [text(record.key), record]));
    expect(latest.size).toBe(25);
    expect(records).toHaveLength(25);
    expect(latest.get('k7')?.value).toBeNull();
    for (const [key, record] of latest) if (key !== 'k7') expect(text(record.value)).toBe('3');
    expect((await log.ends(topic))[0]).toBe((to as number) + 1);
    expect(records.every((record) => record.offset >= 75)).toBe(true);
    const batches = await batchesOf(log, topic);
    expectMovesTo(batches, (to as number) + 1);
    const [more] = await log.append(topic, [{ key: 'k7', value: 'back' }]);
    expect(more?.offset).toBe((to as number) + 1);
  });

  compacting('compaction leaves superseded records alone for the topic’s lag', async () => {
    const { log, housekeep, advanceMs } = setting.under();
    const topic = await freshTopic(log, 'lagging', { cleanup: 'compact', minCompactionLagMs: 3_600_000 });
    await log.append(topic, [{ key: 'k', value: '1' }]);
    await log.append(topic, [{ key: 'k', value: '2' }]);
    await housekeep?.();
    expect(await valuesOf(log, topic)).toEqual(['1', '2']);
    if (advanceMs === undefined) return;
    advanceMs(3_700_000);
    await log.append(topic, [{ key: 'other', value: '3' }]);
    await housekeep?.();
    expect(await valuesOf(log, topic)).toEqual(['2', '3']);
  });

  const retaining = setting.capabilities.housekeeping && setting.capabilities.steppedTime ? it : undeclared;
  retaining('retention takes what is too old from the start, and only that', async () => {
    const { log, housekeep, advanceMs } = setting.under();
    const topic = await freshTopic(log, 'retained', { retentionMs: 60_000 });
    await log.append(topic, numbered(3, 'old'));
    advanceMs?.(40_000);
    await log.append(topic, numbered(2, 'mid'));
    await housekeep?.();
    expect(await log.starts(topic)).toEqual([0]);
    advanceMs?.(40_000);
    await log.append(topic, numbered(1, 'new'));
    await housekeep?.();
    expect(await log.starts(topic)).toEqual([3]);
    expect(await log.ends(topic)).toEqual([6]);
    expect(await valuesOf(log, topic)).toEqual(['mid0', 'mid1', 'new0']);
    advanceMs?.(100_000);
    await housekeep?.();
    expect(await log.starts(topic)).toEqual([6]);
    expect((await log.append(topic, numbered(1)))[0]?.offset).toBe(6);
  });
};

export const describeReading = (setting: Setting): void => {
  describe('reading', () => {
    ranges(setting);
    times(setting);
    gaps(setting);
    cleaning(setting);
  });
};
