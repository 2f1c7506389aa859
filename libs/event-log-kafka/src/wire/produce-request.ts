// Produce, version 7, of batches that are encoded already; one batch a partition. Answers each partition by itself, where
// kafkajs throws the first error and hides the rest.
import { ByteReader, ByteWriter } from './bytes.js';
import type { WireRequest } from './link.js';

export interface BatchToProduce {
  readonly topic: string;
  readonly partition: number;
  readonly batch: Buffer;
}

export interface Produced {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly baseOffset: number;
  /** −1 where the producer stamps. */
  readonly appendedMs: number;
}

const ALL_REPLICAS = -1;

function encode(
  batches: readonly BatchToProduce[],
  transactionalId: string | null,
  timeoutMs: number,
): { buf: Buffer; buffer: Buffer } {
  const writer = new ByteWriter().string(transactionalId).int16(ALL_REPLICAS).int32(timeoutMs).int32(batches.length);
  for (const { topic, partition, batch } of batches)
    writer.string(topic).int32(1).int32(partition).int32(batch.length).bytes(batch);
  return writer.done();
}

function decode(bytes: Buffer): { clientSideThrottleTime: number; decoded: readonly Produced[] } {
  const reader = new ByteReader(bytes);
  const topics = reader.array(() => {
    const topic = reader.string();
    return reader.array(() => {
      const produced = {
        topic,
        partition: reader.int32(),
        errorCode: reader.int16(),
        baseOffset: reader.int64(),
        appendedMs: reader.int64(),
      };
      reader.int64();
      return produced;
    });
  });
  return { clientSideThrottleTime: reader.int32(), decoded: topics.flat() };
}

export const produceRequest = (
  batches: readonly BatchToProduce[],
  transactionalId: string | null,
  timeoutMs: number,
): WireRequest<readonly Produced[]> => ({
  request: {
    apiKey: 0,
    apiVersion: 7,
    apiName: 'Produce',
    encode: async () => encode(batches, transactionalId, timeoutMs),
  },
  response: { decode: async (bytes) => decode(bytes), parse: async ({ decoded }) => decoded },
});
