// Answers that are full before every partition had its turn: a broker then sends nothing of the rest, whatever lies there,
// and nothing of that may be taken for compacted away.
import { type RecordBatch } from '#libs/event-log';
import { describeKafka, until } from '#libs/testing';
import { KafkaEventLog } from '../index.js';

const PARTITIONS = 12;
const RECORDS = 36;
/** Several record batches of each partition just fit into what one answer may hold of it. */
const VALUE = 'x'.repeat(100_000);

describeKafka('many full partitions on Kafka', (kafka) => {
  it('are read to their ends, every record once', async () => {
    const log = await KafkaEventLog.connect({ brokers: kafka().brokers, clientId: 'full-answers' });
    const name = `${kafka().prefix}full`;
    await log.createTopics([{ name, partitions: PARTITIONS, cleanup: 'delete', timestamps: 'create' }]);
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      // One request each, so that batches have many sizes.
      for (let size = 1, left = RECORDS; left > 0; left -= size, size = Math.min(left, (size % 7) + 1)) {
        await log.append(
          name,
          Array.from({ length: size }, () => ({ key: null, value: VALUE, partition })),
        );
      }
    }
    const seen = Array.from({ length: PARTITIONS }, () => [] as number[]);
    const tail = await log.tail({
      topics: new Map([[name, 'start']]),
      onBatch: ({ partition, records }: RecordBatch) => {
        for (const { offset } of records) seen[partition]!.push(offset);
      },
      onError: (error) => {
        throw error;
      },
    });
    const isRead = (positions: readonly number[]): boolean => positions.every((position) => position >= RECORDS);
    await until(() => Promise.resolve(tail.positions(name)), isRead, 30_000);
    await tail.close();
    await log.close();
    const whole = Array.from({ length: RECORDS }, (_, offset) => offset);
    expect(seen).toEqual(seen.map(() => whole));
  });
});
