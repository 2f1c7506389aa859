// What becomes of records before they are appended: bytes, partition, size limit. It stands apart because every local
// adapter must refuse and place records alike.
import { RecordTooLargeError } from './errors.js';
import { partitionOf } from './partitioner.js';
import type { NewRecord, TopicSpec } from './port.js';

/** Kafka's default `max.message.bytes`, so that what works embedded works on Kafka. */
export const DEFAULT_MAX_RECORD_BYTES = 1_000_000;

export const bytesOf = (value: string | Uint8Array | null): Buffer | null => {
  if (value === null) return null;
  return typeof value === 'string' ? Buffer.from(value) : Buffer.from(value);
};

const sizeOf = (value: string | Uint8Array | null): number =>
  value === null ? 0 : typeof value === 'string' ? Buffer.byteLength(value) : value.length;

/** Without looking at every character: nothing that fits by this bound is too large. */
const boundOf = (value: string | Uint8Array | null): number =>
  value === null ? 0 : typeof value === 'string' ? value.length * 3 : value.length;

const headerBytes = (headers: Readonly<Record<string, string>> | undefined): number => {
  let bytes = 0;
  for (const name in headers) bytes += Buffer.byteLength(name) + Buffer.byteLength(headers[name] as string) + 8;
  return bytes;
};

/** Key, value and headers. */
export const sizeOfRecord = ({ key, value, headers }: NewRecord): number =>
  sizeOf(key) + sizeOf(value) + headerBytes(headers);

/** Throws when a record can never be appended to the topic. */
export const requireFit = (spec: TopicSpec, record: NewRecord, maxBytes: number): void => {
  if (boundOf(record.key) + boundOf(record.value) > maxBytes || record.headers !== undefined) {
    const bytes = sizeOfRecord(record);
    if (bytes > maxBytes)
      throw new RecordTooLargeError(`A record of ${bytes} bytes for ${spec.name}; the limit is ${maxBytes}`);
  }
  if (spec.cleanup === 'compact' && record.key === null)
    throw new TypeError(`${spec.name} is compacted: its records need keys`);
  const partition = record.partition;
  if (partition !== undefined && !(Number.isInteger(partition) && partition >= 0 && partition < spec.partitions)) {
    throw new RangeError(`${spec.name} has ${spec.partitions} partitions, no partition ${partition}`);
  }
};

/** Places records without a key or partition one after the other on all partitions. */
export class Placement {
  private turn = 0;

  partition(record: NewRecord, partitions: number): number {
    if (record.partition !== undefined) return record.partition;
    return record.key === null ? this.turn++ % partitions : partitionOf(record.key, partitions);
  }
}
