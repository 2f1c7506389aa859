// Reads of one LMDB log, synchronous underneath: a batch is a few chunks copied out of the memory map. Invariant: a batch
// is bounded in bytes, and its `nextOffset` passes every gap that is known to be one.
import type { LogRecord, RecordBatch } from '#libs/event-log';
import { CHUNK_BYTES, chunkNext, readChunk } from './chunk.js';
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
