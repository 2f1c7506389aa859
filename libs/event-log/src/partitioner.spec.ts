// Kafka's default partitioner, held to the hashes of Kafka's own tests. Its comparison with kafkajs, on any key, is in
// event-log-kafka, the one room that may know kafkajs.
import fc from 'fast-check';
import { murmur2, partitionOf } from './partitioner.js';

describe('the partitioner', () => {
  it("knows the hashes of Kafka's own tests", () => {
    // From org.apache.kafka.common.utils.UtilsTest.testMurmur2.
    const known: [string, number][] = [
      ['21', -973932308],
      ['foobar', -790332482],
      ['a-little-bit-long-string', -985981536],
      ['a-little-bit-longer-string', -1486304829],
      ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ];
    for (const [key, hash] of known) expect(murmur2(key)).toBe(hash);
    expect(murmur2(Uint8Array.of(97, 98, 99))).toBe(479470107);
  });

  it('takes text as its UTF-8 bytes, however long, and stays inside the partitions', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 3000 }),
        fc.integer({ min: 1, max: 50 }),
        (text, partitions) => {
          const bytes = Buffer.from(text);
          const partition = partitionOf(text, partitions);
          return (
            murmur2(text) === murmur2(bytes) &&
            partition === partitionOf(bytes, partitions) &&
            partition >= 0 &&
            partition < partitions
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});
