// Reads the record batches of a fetched partition: committed records only, and the position after them. Invariant:
// control records, aborted transactions and compacted gaps yield no record but move the position. Hot: written so that a
// record costs its own object, its key and its value, and nothing else.
import type { LogRecord } from '#libs/event-log';
import { decompress } from './compression.js';

const FRAME_BYTES = 12;
const HEADER_BYTES = 61;
const FORMAT = 2;
const COMPRESSION = 0x07;
const APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const ABORT_MARKER = 0;

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface Decoded {
  readonly records: LogRecord[];
  /** The position after the last complete batch; the given one when there was none. */
  readonly nextOffset: number;
  /** The latest time at which the broker stamped one of the batches itself; undefined = producers stamped them. */
  readonly appendedMs: number | undefined;
}

/** Offsets, producer ids and times all stay below 2^53. */
export const int64 = (bytes: Buffer, at: number): number =>
  bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);

/** The position within the bytes being read: module state, because returning two values would allocate for each varint. */
let at = 0;

function varint(bytes: Buffer): number {
  let byte = bytes[at]!;
  at += 1;
  let value = byte & 0x7f;
  for (let shift = 7; byte >= 0x80; shift += 7) {
    byte = bytes[at]!;
    at += 1;
    value |= (byte & 0x7f) << shift;
  }
  return (value >>> 1) ^ -(value & 1);
}

function varlong(bytes: Buffer): number {
  let value = 0;
  for (let scale = 1; ; scale *= 0x80) {
    const byte = bytes[at]!;
    at += 1;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

function content(bytes: Buffer): Buffer | null {
  const length = varint(bytes);
  if (length < 0) return null;
  at += length;
  return bytes.subarray(at - length, at);
}

function headersOf(bytes: Buffer, count: number): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let index = 0; index < count; index += 1) {
    const name = content(bytes);
    const value = content(bytes);
    headers[name?.toString() ?? ''] = value?.toString() ?? '';
  }
  return headers;
}

interface Batch {
  readonly baseOffset: number;
  readonly firstMs: number;
  /** The broker's time, where it stamps. */
  readonly appendMs: number | undefined;
  readonly count: number;
}

/** Records of one batch from `from` on; `bytes` begin with the first record. */
function readRecords(bytes: Buffer, batch: Batch, from: number, into: LogRecord[]): void {
  for (let index = 0; index < batch.count; index += 1) {
    const length = varint(bytes);
    const end = at + length;
    at += 1;
    const timestampMs = batch.firstMs + varlong(bytes);
    const offset = batch.baseOffset + varint(bytes);
    if (offset >= from) {
      const key = content(bytes);
      const value = content(bytes);
      const headers = varint(bytes);
      const record = { offset, timestampMs: batch.appendMs ?? timestampMs, key, value };
      into.push(headers === 0 ? record : { ...record, headers: headersOf(bytes, headers) });
    }
    at = end;
  }
}

/** Which producers' records are hidden at the batch being looked at. */
class Aborted {
  readonly #coming: AbortedTransaction[];
  readonly #open = new Set<number>();

  constructor(transactions: readonly AbortedTransaction[]) {
    this.#coming = [...transactions].sort((a, b) => b.firstOffset - a.firstOffset);
  }

  hides(producerId: number, lastOffset: number): boolean {
    for (
      let next = this.#coming.at(-1);
      next !== undefined && next.firstOffset <= lastOffset;
      next = this.#coming.at(-1)
    ) {
      this.#open.add(next.producerId);
      this.#coming.pop();
    }
    return this.#open.has(producerId);
  }

  ended(producerId: number): void {
    this.#open.delete(producerId);
  }
}

/** Whether a control batch says that a transaction was aborted: the key of its one record holds version and type. */
function isAbort(bytes: Buffer, start: number): boolean {
  at = start;
  varint(bytes);
  at += 1;
  varlong(bytes);
  varint(bytes);
  return content(bytes)?.readInt16BE(2) === ABORT_MARKER;
}

function readBatch(bytes: Buffer, start: number, end: number, from: number): LogRecord[] {
  const attributes = bytes.readInt16BE(start + 21);
  const batch: Batch = {
    baseOffset: int64(bytes, start),
    firstMs: int64(bytes, start + 27),
    appendMs: (attributes & APPEND_TIME) === 0 ? undefined : int64(bytes, start + 35),
    count: bytes.readInt32BE(start + 57),
  };
  const records: LogRecord[] = [];
  const codec = attributes & COMPRESSION;
  if (codec === 0) {
    at = start + HEADER_BYTES;
    readRecords(bytes, batch, from, records);
  } else {
    const plain = decompress(codec, bytes.subarray(start + HEADER_BYTES, end));
    at = 0;
    readRecords(plain, batch, from, records);
  }
  return records;
}

/** Everything complete in `bytes`, from the offset `from` on. A batch cut off by the fetch size is left for the next fetch. */
export function decodeBatches(
  bytes: Buffer,
  from: number,
  abortedTransactions: readonly AbortedTransaction[],
): Decoded {
  const aborted = abortedTransactions.length === 0 ? undefined : new Aborted(abortedTransactions);
  const parts: LogRecord[][] = [];
  let nextOffset = from;
  let appendedMs: number | undefined;
  for (let start = 0; start + HEADER_BYTES <= bytes.length;) {
    const end = start + FRAME_BYTES + bytes.readInt32BE(start + 8);
    if (end > bytes.length) break;
    if (bytes[start + 16] !== FORMAT)
      throw new Error(`record format ${bytes[start + 16]} is older than Kafka 0.11 and is not read`);
    const attributes = bytes.readInt16BE(start + 21);
    const lastOffset = int64(bytes, start) + bytes.readInt32BE(start + 23);
    const producerId = int64(bytes, start + 43);
    const hidden = aborted?.hides(producerId, lastOffset) === true && (attributes & TRANSACTIONAL) !== 0;
    if ((attributes & CONTROL) !== 0) {
      if (aborted !== undefined && isAbort(bytes, start + HEADER_BYTES)) aborted.ended(producerId);
    } else if (!hidden && lastOffset >= from) {
      parts.push(readBatch(bytes, start, end, from));
      if ((attributes & APPEND_TIME) !== 0) appendedMs = Math.max(appendedMs ?? 0, int64(bytes, start + 35));
    }
    nextOffset = Math.max(nextOffset, lastOffset + 1);
    start = end;
  }
  return { records: parts.length === 1 ? parts[0]! : parts.flat(), nextOffset, appendedMs };
}
