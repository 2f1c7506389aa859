// The contract of tails: everything from where they start, in order, one call at a time; faults told, movement reported.
import type { EventLog, RecordBatch, Tail, TailOptions } from '../port.js';
import { freshTopic, numbered, type Setting, text, until } from './setting.js';

const collect = async (log: EventLog, topics: TailOptions['topics'], onBatch?: TailOptions['onBatch']) => {
  const batches: RecordBatch[] = [];
  const errors: { error: Error; fatal: boolean }[] = [];
  const tail: Tail = await log.tail({
    topics,
    onBatch: (batch) => {
      batches.push(batch);
      return onBatch?.(batch);
    },
    onError: (error, fatal) => void errors.push({ error, fatal }),
  });
  const values = (topic: string): (string | null)[] =>
    batches
      .filter((batch) => batch.topic === topic)
      .flatMap((batch) => batch.records.map((record) => text(record.value)));
  return { tail, batches, errors, values };
};

const starts = (setting: Setting): void => {
  it('read from the start, from the end or from offsets, and go on with what is appended', async () => {
    const log = setting.log();
    const [a, b, c] = [await freshTopic(log, 'a'), await freshTopic(log, 'b'), await freshTopic(log, 'c')];
    for (const topic of [a, b, c]) await log.append(topic, numbered(4));
    const { tail, values, errors } = await collect(
      log,
      new Map<string, readonly number[] | 'start' | 'end'>([
        [a, 'start'],
        [b, 'end'],
        [c, [2]],
      ]),
    );
    for (const topic of [a, b, c]) await log.append(topic, numbered(2, 'new'));
    await until(
      () => values(a).length + values(b).length + values(c).length,
      (seen) => seen >= 12,
    );
    expect(values(a)).toEqual(['v0', 'v1', 'v2', 'v3', 'new0', 'new1']);
    expect(values(b)).toEqual(['new0', 'new1']);
    expect(values(c)).toEqual(['v2', 'v3', 'new0', 'new1']);
    for (const topic of [a, b, c])
      await until(
        () => tail.positions(topic)[0],
        (position) => position === 6,
      );
    await tail.close();
    expect(errors).toEqual([]);
  });

  it('read all partitions, each in order', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'all', { partitions: 4 });
    const { tail, batches } = await collect(log, new Map([[topic, 'start']]));
    for (let i = 0; i < 10; i++) await log.append(topic, numbered(20, 'v', 20 * i));
    await until(
      () => batches.reduce((sum, batch) => sum + batch.records.length, 0),
      (seen) => seen >= 200,
    );
    for (let partition = 0; partition < 4; partition++) {
      const offsets = batches
        .filter((batch) => batch.partition === partition)
        .flatMap((batch) => batch.records.map((record) => record.offset));
      expect(offsets).toEqual(Array.from({ length: offsets.length }, (_, i) => i));
    }
    await tail.close();
  });
};

const handling = (setting: Setting): void => {
  it('wait for each batch before the next', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'slow', { partitions: 2 });
    let running = 0;
    let most = 0;
    const { tail, batches } = await collect(log, new Map([[topic, 'start']]), async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 3));
      running--;
    });
    for (let i = 0; i < 8; i++) await log.append(topic, [{ key: null, value: `${i}`, partition: i % 2 }]);
    await until(
      () => batches.reduce((sum, batch) => sum + batch.records.length, 0),
      (seen) => seen >= 8,
    );
    await tail.close();
    expect(most).toBe(1);
    expect(running).toBe(0);
  });

  it('report movement over what cannot be read, up to the stable end', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'moves');
    const { tail, batches } = await collect(log, new Map([[topic, 'start']]));
    const transactor = await log.transactor(`${topic}.t`);
    for (let i = 0; i < 3; i++) await transactor.transact({ appends: [{ topic, records: numbered(1, 'v', i) }] });
    // Only once the records are there, so that what moves the position brings none.
    await until(
      () => batches.flatMap((batch) => batch.records).length,
      (count) => count === 3,
    );
    if (setting.capabilities.abortedTransactions) await setting.under().leaveAborted?.(topic, 0);
    const [end] = await log.ends(topic);
    await until(
      () => tail.positions(topic)[0],
      (position) => position === end,
    );
    expect(batches.at(-1)?.nextOffset).toBe(end);
    expect(batches.flatMap((batch) => batch.records).map((record) => text(record.value))).toEqual(['v0', 'v1', 'v2']);
    await Promise.all([tail.close(), transactor.close()]);
  });

  it('stop for good when their owner throws, and say so', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'throws');
    const { tail, errors, batches } = await collect(log, new Map([[topic, 'start']]), () => {
      throw new Error('cannot digest');
    });
    await log.append(topic, numbered(1));
    await until(
      () => errors.length,
      (seen) => seen > 0,
    );
    expect(errors[0]).toMatchObject({ error: { message: 'cannot digest' }, fatal: true });
    await log.append(topic, numbered(1));
    await tail.close();
    expect(batches).toHaveLength(1);
  });

  it('are silent once closed', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'closed');
    const { tail, batches } = await collect(log, new Map([[topic, 'start']]));
    await log.append(topic, numbered(1));
    await until(
      () => batches.length,
      (seen) => seen > 0,
    );
    await tail.close();
    const seen = batches.length;
    await log.append(topic, numbered(5));
    const other = await collect(log, new Map([[topic, 'start']]));
    await until(
      () => other.values(topic).length,
      (count) => count === 6,
    );
    await other.tail.close();
    expect(batches).toHaveLength(seen);
  });
};

export const describeTails = (setting: Setting): void => {
  describe('tails', () => {
    starts(setting);
    handling(setting);
  });
};
