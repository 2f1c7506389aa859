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

/** Of one batch beside its bytes and the name of its topic: the name's length, how many partitions, which, how many bytes. */
const BATCH_FRAME_BYTES = 14;

/** One buffer for all: a request may hold hundreds of small batches. */
function encode(
  batches: readonly BatchToProduce[],
  transactionalId: string | null,
  timeoutMs: number,
): { buf: Buffer; buffer: Buffer } {
  const head = new ByteWriter().string(transactionalId).int16(ALL_REPLICAS).int32(timeoutMs).int32(batches.length);
  const { buf: start } = head.done();
  let bytes = start.length;
  for (const { topic, batch } of batches) bytes += BATCH_FRAME_BYTES + Buffer.byteLength(topic) + batch.length;
  const to = Buffer.allocUnsafe(bytes);
  let at = start.copy(to);
  for (const { topic, partition, batch } of batches) {
    const name = to.write(topic, at + 2);
    at = to.writeInt16BE(name, at) + name;
    at = to.writeInt32BE(1, at);
    at = to.writeInt32BE(partition, at);
    at = to.writeInt32BE(batch.length, at);
    at += batch.copy(to, at);
  }
  return { buf: to, buffer: to };
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
