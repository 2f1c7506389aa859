// Fetch, version 11: raw record batches of many partitions at once, read committed, without a session. Decoding them is
// left to the reader (records/decode.ts), which is several times faster than kafkajs's.
import type { AbortedTransaction } from '../records/decode.js';
import { ByteReader, ByteWriter } from './bytes.js';
import type { WireRequest } from './link.js';

export interface FetchFrom {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface FetchLimits {
  readonly waitMs: number;
  readonly maxBytes: number;
  readonly partitionBytes: number;
}

export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: number;
  readonly stableEnd: number;
  readonly logStart: number;
  readonly aborted: readonly AbortedTransaction[];
  readonly batches: Buffer;
}

const CONSUMER = -1;
const READ_COMMITTED = 1;
const NO_SESSION = 0;
const FULL_FETCH = -1;
const ANY_EPOCH = -1;
const NONE = Buffer.alloc(0);

function encode(
  from: readonly FetchFrom[],
  { waitMs, maxBytes, partitionBytes }: FetchLimits,
): { buf: Buffer; buffer: Buffer } {
  const byTopic = grouped(from);
  const writer = new ByteWriter()
    .int32(CONSUMER)
    .int32(waitMs)
    .int32(1)
    .int32(maxBytes)
    .int8(READ_COMMITTED)
    .int32(NO_SESSION)
    .int32(FULL_FETCH);
  writer.int32(byTopic.size);
  for (const [topic, partitions] of byTopic) {
    writer.string(topic).int32(partitions.length);
    for (const { partition, offset } of partitions)
      writer.int32(partition).int32(ANY_EPOCH).int64(offset).int64(-1).int32(partitionBytes);
  }
  return writer.int32(0).string('').done();
}

function grouped(from: readonly FetchFrom[]): Map<string, FetchFrom[]> {
  const byTopic = new Map<string, FetchFrom[]>();
  for (const one of from) {
    const others = byTopic.get(one.topic);
    if (others === undefined) byTopic.set(one.topic, [one]);
    else others.push(one);
  }
  return byTopic;
}

function partitionOf(reader: ByteReader, topic: string): FetchedPartition {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const highWatermark = reader.int64();
  const stableEnd = reader.int64();
  const logStart = reader.int64();
  const aborted = reader.array(() => ({ producerId: reader.int64(), firstOffset: reader.int64() }));
  reader.int32();
  const length = reader.int32();
  return {
    topic,
    partition,
    errorCode,
    highWatermark,
    stableEnd,
    logStart,
    aborted,
    batches: length <= 0 ? NONE : reader.take(length),
  };
}

interface Fetched {
  readonly errorCode: number;
  readonly partitions: readonly FetchedPartition[];
}

function decode(bytes: Buffer): { clientSideThrottleTime: number; decoded: Fetched } {
  const reader = new ByteReader(bytes);
  const clientSideThrottleTime = reader.int32();
  const errorCode = reader.int16();
  reader.int32();
  const partitions = reader.array(() => {
    const topic = reader.string();
    return reader.array(() => partitionOf(reader, topic));
  });
  return { clientSideThrottleTime, decoded: { errorCode, partitions: partitions.flat() } };
}

export const fetchRequest = (from: readonly FetchFrom[], limits: FetchLimits): WireRequest<Fetched> => ({
  request: { apiKey: 1, apiVersion: 11, apiName: 'Fetch', encode: async () => encode(from, limits) },
  response: { decode: async (bytes) => decode(bytes), parse: async ({ decoded }) => decoded },
});
