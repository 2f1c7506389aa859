// Our partitioner against the reference implementation that every kafkajs producer uses.
import { Partitioners } from 'kafkajs';
import fc from 'fast-check';
import { murmur2, partitionOf } from './partitioner.js';

const PARTITIONS = 13;
const theirs = Partitioners.DefaultPartitioner();
const metadata = Array.from({ length: PARTITIONS }, (_, partitionId) => ({ partitionErrorCode: 0, partitionId, leader: 0, replicas: [], isr: [] }));
const reference = (key: Buffer): number => theirs({ topic: 't', partitionMetadata: metadata, message: { key, value: null } });

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

  it('agrees with kafkajs on any bytes and any text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => partitionOf(bytes, PARTITIONS) === reference(Buffer.from(bytes))),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
        const bytes = Buffer.from(text);
        return partitionOf(text, PARTITIONS) === reference(bytes) && murmur2(text) === murmur2(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it('would be caught when wrong', () => {
    const wrong = (key: string): number => (murmur2(`${key} `) & 0x7fffffff) % PARTITIONS;
    const keys = Array.from({ length: 50 }, (_, i) => `@user${i}:localhost`);
    expect(keys.some((key) => wrong(key) !== reference(Buffer.from(key)))).toBe(true);
  });
});
