// Transactions as only a real broker shows them: zombies, open transactions of others that hide what is behind them, what
// is larger than one batch, and how long a small one takes.
import { FencedError, TransactionError } from '#libs/event-log';
import { describeKafka, until } from '#libs/testing';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { KafkaEventLog } from '../index.js';

const SMALL = 40;
const numbered = (count: number, word = 'v') =>
  Array.from({ length: count }, (_, index) => ({ key: `k${index}`, value: `${word}${index}` }));

describeKafka('transactions on Kafka', (kafka) => {
  let log: KafkaEventLog;
  let topics = 0;
  beforeAll(async () => {
    log = await KafkaEventLog.connect({ brokers: kafka().brokers, clientId: 'transactions' });
  });
  afterAll(() => log.close());

  const freshTopic = async (partitions = 1): Promise<string> => {
    topics += 1;
    const name = `${kafka().prefix}topic-${topics}`;
    await log.createTopics([{ name, partitions, cleanup: 'delete', timestamps: 'create' }]);
    return name;
  };
  const valuesOf = async (topic: string): Promise<string[]> => {
    const [end = 0] = await log.ends(topic);
    const values: string[] = [];
    for await (const { records } of log.read(topic, 0, 0, end))
      values.push(...records.map(({ value }) => String(value)));
    return values;
  };
  const foreign = async (id: string, transactionTimeout = 60_000): Promise<Producer> => {
    const client = new Kafka({ brokers: [...kafka().brokers], clientId: 'foreign', logLevel: logLevel.NOTHING });
    const producer = client.producer({
      transactionalId: id,
      idempotent: true,
      maxInFlightRequests: 1,
      transactionTimeout,
    });
    await producer.connect();
    return producer;
  };

  it('what was transacted is readable when it resolves', async () => {
    const topic = await freshTopic();
    const transactor = await log.transactor(`${topic}.t`);
    for (let count = 1; count <= 10; count += 1) {
      await transactor.transact({ appends: [{ topic, records: numbered(1) }] });
      expect(await valuesOf(topic)).toHaveLength(count);
    }
    await transactor.close();
  });

  it('an elder is fenced when its heir is opened, before the heir writes', async () => {
    const topic = await freshTopic();
    const elder = await log.transactor(`${topic}.t`);
    await elder.transact({ appends: [{ topic, records: numbered(1, 'elder') }] });
    const heir = await log.transactor(`${topic}.t`);
    await expect(elder.transact({ appends: [{ topic, records: numbered(1, 'zombie') }] })).rejects.toBeInstanceOf(
      FencedError,
    );
    await expect(elder.transact({ appends: [{ topic, records: numbered(1, 'zombie') }] })).rejects.toBeInstanceOf(
      TransactionError,
    );
    await heir.transact({ appends: [{ topic, records: numbered(1, 'heir') }] });
    expect(await valuesOf(topic)).toEqual(['elder0', 'heir0']);
    await Promise.all([elder.close(), heir.close()]);
  });

  it('a zombie in the middle of its transaction leaves nothing, and does not fence its heir', async () => {
    const topic = await freshTopic();
    const zombie = await foreign(`${topic}.t`);
    const open = await zombie.transaction();
    await open.send({ topic, messages: numbered(3, 'zombie') });
    const heir = await log.transactor(`${topic}.t`);
    await heir.transact({ appends: [{ topic, records: numbered(1, 'heir') }] });
    await expect(open.commit()).rejects.toThrow();
    await heir.transact({ appends: [{ topic, records: numbered(1, 'still') }] });
    expect(await valuesOf(topic)).toEqual(['heir0', 'still0']);
    await Promise.all([zombie.disconnect(), heir.close()]);
  });

  it('an open one of somebody else hides what is behind it, is named, and hides nothing once it is over', async () => {
    const topic = await freshTopic(2);
    const stranger = await foreign(`${topic}.stranger`);
    const open = await stranger.transaction();
    await open.send({ topic, messages: [{ key: 'x', value: 'undecided', partition: 0 }] });
    await log.append(topic, [
      { key: 'a', value: 'behind', partition: 0 },
      { key: 'a', value: 'beside', partition: 1 },
    ]);
    expect(await log.ends(topic)).toEqual([0, 1]);
    expect(await log.openTransactions([topic])).toEqual([{ topic, partition: 0, stableEnd: 0, highWatermark: 2 }]);
    const tail = await log.tail({
      topics: new Map([[topic, 'start']]),
      onBatch: () => undefined,
      onError: () => undefined,
    });
    await until(
      () => log.hiddenPartitions(),
      ([hidden]) => (hidden?.hiddenForMs ?? 0) > 0,
    );
    expect(log.hiddenPartitions()).toMatchObject([{ topic, partition: 0, stableEnd: 0 }]);
    await open.abort();
    await until(
      () => log.hiddenPartitions(),
      (hidden) => hidden.length === 0,
    );
    await tail.close();
    await until(
      () => log.openTransactions([topic]),
      (hanging) => hanging.length === 0,
    );
    expect(await valuesOf(topic)).toEqual(['behind']);
    await stranger.disconnect();
  });

  it('is aborted by the broker when its producer died, and then named no more', async () => {
    const topic = await freshTopic();
    const dying = await foreign(`${topic}.dying`, 5_000);
    const open = await dying.transaction();
    await open.send({ topic, messages: numbered(1, 'undecided') });
    await dying.disconnect();
    expect(await log.openTransactions([topic])).toHaveLength(1);
    await until(
      () => log.openTransactions([topic]),
      (hanging) => hanging.length === 0,
      30_000,
    );
    expect(await valuesOf(topic)).toEqual([]);
  }, 40_000);

  it('may be larger than a batch, in many partitions at once', async () => {
    const topic = await freshTopic(4);
    const value = 'x'.repeat(30_000);
    const records = Array.from({ length: 200 }, (_, index) => ({ key: `k${index}`, value, partition: index % 4 }));
    const transactor = await log.transactor(`${topic}.t`);
    await transactor.transact({ appends: [{ topic, records }] });
    const ends = await log.ends(topic);
    let read = 0;
    for (let partition = 0; partition < 4; partition += 1) {
      const keys: string[] = [];
      for await (const batch of log.read(topic, partition, 0, ends[partition] ?? 0))
        keys.push(...batch.records.map(({ key }) => String(key)));
      expect(keys).toEqual(Array.from({ length: 50 }, (_, index) => `k${index * 4 + partition}`));
      read += keys.length;
    }
    expect(read).toBe(200);
    await transactor.close();
  });

  it('several ids go on side by side; a small one says how long it takes', async () => {
    const topic = await freshTopic(4);
    const transactors = await Promise.all([0, 1, 2, 3].map((partition) => log.transactor(`${topic}.${partition}`)));
    const tookMs: number[] = [];
    for (let round = 0; round < SMALL; round += 1) {
      const begun = performance.now();
      await transactors[0]?.transact({ appends: [{ topic, records: [{ key: 'k', value: 'v', partition: 0 }] }] });
      tookMs.push(performance.now() - begun);
    }
    await Promise.all(
      transactors.map((transactor, partition) =>
        transactor.transact({ appends: [{ topic, records: [{ key: 'k', value: 'v', partition }] }] }),
      ),
    );
    tookMs.sort((a, b) => a - b);
    process.stdout.write(
      `small transactions: p50 ${tookMs[SMALL / 2]?.toFixed(1)} ms, longest ${tookMs.at(-1)?.toFixed(1)} ms\n`,
    );
    expect((await log.ends(topic)).every((end) => end > 0)).toBe(true);
    await Promise.all(transactors.map((transactor) => transactor.close()));
  });
});
