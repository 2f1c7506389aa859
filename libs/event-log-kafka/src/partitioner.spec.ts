// The log's own partitioner against the one that every kafkajs producer uses, on any bytes and any text.
import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { murmur2, partitionOf } from '#libs/event-log';

const PARTITIONS = 13;
const theirs = Partitioners.DefaultPartitioner();
const metadata = Array.from({ length: PARTITIONS }, (_, partitionId) => ({
  partitionErrorCode: 0,
  partitionId,
  leader: 0,
  replicas: [],
  isr: [],
}));
const reference = (key: Buffer): number =>
  theirs({ topic: 't', partitionMetadata: metadata, message: { key, value: null } });

describe('the partitioner', () => {
  it('agrees with kafkajs on any bytes and any text', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        (bytes) => partitionOf(bytes, PARTITIONS) === reference(Buffer.from(bytes)),
      ),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200 }),
        (text) => partitionOf(text, PARTITIONS) === reference(Buffer.from(text)),
      ),
      { numRuns: 1000 },
    );
  });

  it('would be caught when wrong', () => {
    const wrong = (key: string): number => (murmur2(`${key} `) & 0x7fffffff) % PARTITIONS;
    const keys = Array.from({ length: 50 }, (_, i) => `@user${i}:localhost`);
    expect(keys.some((key) => wrong(key) !== reference(Buffer.from(key)))).toBe(true);
  });
});
