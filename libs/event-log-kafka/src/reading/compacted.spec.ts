// The end of a compacted partition, on a broker that compacts at once: gaps, control records and removed tombstones as the
// last offsets. Bounded reads end, tails and groups arrive, and nothing that lives is lost.
import { type RecordBatch } from '#libs/event-log';
import { describeKafka, until } from '#libs/testing';
import { Kafka, logLevel } from 'kafkajs';
import { KafkaEventLog } from '../index.js';

describeKafka('the end of a compacted partition on Kafka', (kafka) => {
  let log: KafkaEventLog;
  beforeAll(async () => {
    log = await KafkaEventLog.connect({ brokers: kafka().brokers, clientId: 'compacted' });
  });
  afterAll(() => log.close());

  /** Rolls and cleans as fast as a broker can. */
  const eager = {
    'cleanup.policy': 'compact',
    'min.cleanable.dirty.ratio': '0.001',
    'segment.ms': '100',
    'max.compaction.lag.ms': '200',
    'delete.retention.ms': '50',
  };
  const create = async (topic: string): Promise<void> => {
    const admin = new Kafka({ brokers: [...kafka().brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const configEntries = Object.entries(eager).map(([name, value]) => ({ name, value }));
    await admin.createTopics({
      waitForLeaders: true,
      topics: [{ topic, numPartitions: 1, replicationFactor: 1, configEntries }],
    });
    await admin.disconnect();
  };
  const batchesTo = async (topic: string, to: number, from = 0): Promise<RecordBatch[]> => {
    const batches: RecordBatch[] = [];
    for await (const batch of log.read(topic, 0, from, to)) batches.push(batch);
    return batches;
  };
  const keysIn = (batches: readonly RecordBatch[]): string[] =>
    batches.flatMap(({ records }) => records.map(({ key }) => String(key)));

  it('is reached though its last records are gone', async () => {
    const topic = `${kafka().prefix}gone`;
    await create(topic);
    const transactor = await log.transactor(`${topic}.t`);
    await log.append(topic, [
      { key: 'stays', value: '1' },
      { key: 'goes', value: '1' },
    ]);
    for (let round = 0; round < 5; round += 1) {
      await transactor.transact({
        appends: [
          {
            topic,
            records: [
              { key: 'changes', value: `${round}` },
              { key: 'goes', value: null },
            ],
          },
        ],
      });
    }
    await log.append(topic, [{ key: 'goes', value: null }]);
    const [end = 0] = await log.ends(topic);
    // Compaction takes the superseded and the tombstones, in its own time, of segments that later appends have closed; a
    // read to the same end must end there all the while.
    const nudgeAndRead = async (): Promise<RecordBatch[]> => {
      await log.append(topic, [{ key: 'later', value: 'x' }]);
      return batchesTo(topic, end);
    };
    const batches = await until(nudgeAndRead, (read) => keysIn(read).sort().join() === 'changes,stays', 60_000);
    expect(batches.at(-1)?.nextOffset).toBe(end);
    expect(await batchesTo(topic, end, end - 1)).toEqual([{ topic, partition: 0, records: [], nextOffset: end }]);

    const [newEnd = 0] = await log.ends(topic);
    const seen: RecordBatch[] = [];
    const errors: Error[] = [];
    const tail = await log.tail({
      topics: new Map([[topic, 'start']]),
      onBatch: (batch) => void seen.push(batch),
      onError: (error) => void errors.push(error),
    });
    await until(
      () => tail.positions(topic)[0],
      (position) => position === newEnd,
    );
    expect(keysIn(seen)).toEqual(expect.arrayContaining(['changes', 'stays', 'later']));
    expect(keysIn(seen)).not.toContain('goes');

    let position = 0;
    const member = await log.join({
      group: `${topic}.g`,
      topics: [topic],
      onAssigned: () => member.seek(topic, 0, end - 1),
      onRevoked: () => undefined,
      onBatch: ({ nextOffset }) => void (position = nextOffset),
      onError: (error) => void errors.push(error),
    });
    await until(
      () => position,
      (reached) => reached === newEnd,
    );
    await Promise.all([tail.close(), member.leave(), transactor.close()]);
    expect(errors).toEqual([]);
  }, 120_000);
});
