// Reads of one LMDB log, synchronous underneath: a batch is a few chunks copied out of the memory map. Invariant: a batch
// is bounded in bytes, and its `nextOffset` passes every gap that is known to be one.
import type { LogRecord, RecordBatch } from '#libs/event-log';
import { CHUNK_BYTES, chunkLatestMs, chunkNext, readChunk } from './chunk.js';
import type { Environment } from './environment.js';
import { chunkKey, chunkOffset } from './layout.js';
import type { Partition } from './partition.js';

interface FoundChunk {
  readonly base: number;
  readonly bytes: Buffer;
}

/** A batch ends after this many records, so that whoever handles it yields now and then. */
const BATCH_RECORDS = 5000;

export class ChunkReader {
  constructor(private readonly environment: Environment) {}

  /** The chunk that covers an offset, else the first after it that begins before `to`. */
  find(partition: Partition, offset: number, to: number): FoundChunk | undefined {
    const { topicNumber: topic, partition: number } = partition;
    const exact = this.environment.get(chunkKey(topic, number, offset));
    if (exact !== undefined) return { base: offset, bytes: exact };
    const before = this.environment.floor(chunkKey(topic, number, offset), chunkKey(topic, number, 0));
    if (before !== undefined && chunkNext(before.value) > offset)
      return { base: chunkOffset(before.key), bytes: before.value };
    for (const { key, value } of this.environment.range(
      chunkKey(topic, number, offset),
      chunkKey(topic, number, to),
      1,
    )) {
      return { base: chunkOffset(key), bytes: value };
    }
    return undefined;
  }

  read(partition: Partition, from: number, to: number): RecordBatch {
    const records: LogRecord[] = [];
    let position = from;
    for (let bytes = 0; position < to && bytes < CHUNK_BYTES && records.length < BATCH_RECORDS;) {
      const chunk = this.find(partition, position, to);
      if (chunk === undefined) {
        position = to;
        break;
      }
      readChunk(chunk.bytes, chunk.base, { from: position, to }, records);
      bytes += chunk.bytes.length;
      position = Math.min(to, chunkNext(chunk.bytes));
    }
    return { topic: partition.topic, partition: partition.partition, records, nextOffset: position };
  }

  /** The first offset in [from, to) whose record is not older than `timeMs`; `to` if there is none. Halves the range. */
  offsetAt(partition: Partition, timeMs: number, { from, to }: { from: number; to: number }): number {
    let [low, high] = [from, to];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const chunk = this.find(partition, middle, high);
      if (chunk === undefined) high = middle;
      else if (chunkLatestMs(chunk.bytes) < timeMs) low = chunkNext(chunk.bytes);
      else if (chunk.base > middle) high = middle;
      else if (chunk.base <= low) return this.firstIn(chunk, timeMs, { from: low, to });
      else high = chunk.base;
    }
    const chunk = low < to ? this.find(partition, low, to) : undefined;
    return chunk === undefined ? to : this.firstIn(chunk, timeMs, { from: low, to });
  }

  private firstIn({ base, bytes }: FoundChunk, timeMs: number, range: { from: number; to: number }): number {
    const records: LogRecord[] = [];
    readChunk(bytes, base, range, records);
    return records.find(({ timestampMs }) => timestampMs >= timeMs)?.offset ?? Math.min(range.to, chunkNext(bytes));
  }

  /** Keys and bytes of all chunks that begin in [from, to), a few at a time being enough for the caller. */
  *chunks(partition: Partition, from: number, to: number, limit: number): Generator<FoundChunk> {
    const { topicNumber: topic, partition: number } = partition;
    for (const { key, value } of this.environment.range(
      chunkKey(topic, number, from),
      chunkKey(topic, number, to),
      limit,
    )) {
      yield { base: chunkOffset(key), bytes: value };
    }
  }
}
