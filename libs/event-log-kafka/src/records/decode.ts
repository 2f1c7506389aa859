// Reads the record batches of a fetched partition: committed records only, and the position after them. Invariant:
// control records, aborted transactions and compacted gaps yield no record but move the position. Hot: what is fetched is
// looked at batch by batch; a record is read when it is taken, and becomes an object only for whoever asks for objects.
import { type LogRecord, type PackedBatch, PackedRecord, type RecordCursor } from '#libs/event-log';
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
  readonly packed: PackedBatch & { readonly records: readonly LogRecord[] };
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
    give(headers, name?.toString() ?? '', value?.toString() ?? '');
  }
  return headers;
}

/** A stranger's header may have any name: assigned, this one would be lost. */
function give(headers: Record<string, string>, name: string, value: string): void {
  if (name !== '__proto__') headers[name] = value;
  else Object.defineProperty(headers, name, { value, enumerable: true, configurable: true, writable: true });
}

/** One batch of records, unpacked. `bytes` hold the first record at `start`. */
interface Segment {
  readonly bytes: Buffer;
  readonly start: number;
  readonly baseOffset: number;
  readonly firstMs: number;
  /** The broker's time, where it stamps. */
  readonly appendMs: number | undefined;
  readonly count: number;
}

/** Reads the records from `from` on out of segments, none of which ends before it. */
class SegmentCursor implements RecordCursor {
  #segment = 0;
  #index = 0;
  #at: number;
  left = 0;

  constructor(
    private readonly segments: readonly Segment[],
    from: number,
  ) {
    this.#at = segments[0]?.start ?? 0;
    for (const { count } of segments) this.left += count;
    this.#skipTo(from);
  }

  next(into: PackedRecord): PackedRecord | undefined {
    if (this.left === 0) return undefined;
    let segment = this.segments[this.#segment]!;
    while (this.#index >= segment.count) {
      this.#segment += 1;
      segment = this.segments[this.#segment]!;
      this.#index = 0;
      this.#at = segment.start;
    }
    this.#index += 1;
    this.left -= 1;
    this.#at = readRecord(segment, this.#at, into);
    return into;
  }

  /** Compaction may have taken any of them, so that only reading tells which come before. */
  #skipTo(from: number): void {
    const [first] = this.segments;
    if (first === undefined || first.baseOffset >= from) return;
    const record = new PackedRecord();
    while (this.#index < first.count) {
      const end = readRecord(first, this.#at, record);
      if (record.offset >= from) return;
      this.#at = end;
      this.#index += 1;
      this.left -= 1;
    }
  }
}

/** Reads one record; returns where the next begins. */
function readRecord({ bytes, baseOffset, firstMs, appendMs }: Segment, start: number, into: PackedRecord): number {
  at = start;
  const length = varint(bytes);
  const end = at + length;
  at += 1;
  const timestampMs = firstMs + varlong(bytes);
  into.bytes = bytes;
  into.offset = baseOffset + varint(bytes);
  into.timestampMs = appendMs ?? timestampMs;
  const keyLength = varint(bytes);
  into.keyStart = keyLength < 0 ? -1 : at;
  if (keyLength > 0) at += keyLength;
  into.keyEnd = at;
  const valueLength = varint(bytes);
  into.valueStart = valueLength < 0 ? -1 : at;
  if (valueLength > 0) at += valueLength;
  into.valueEnd = at;
  const headers = varint(bytes);
  into.headers = headers === 0 ? undefined : headersOf(bytes, headers);
  return end;
}

/** The records of what one request fetched of a partition: objects only for whoever asks for them. */
class FetchedRecords implements PackedBatch {
  readonly bytes: number;
  #records: readonly LogRecord[] | undefined;

  constructor(
    private readonly segments: readonly Segment[],
    private readonly from: number,
    bytes: number,
  ) {
    this.bytes = bytes;
  }

  cursor(): RecordCursor {
    return new SegmentCursor(this.segments, this.from);
  }

  get records(): readonly LogRecord[] {
    return (this.#records ??= [...this.#listed()]);
  }

  *#listed(): Generator<LogRecord> {
    const cursor = new SegmentCursor(this.segments, this.from);
    const packed = new PackedRecord();
    while (cursor.next(packed) !== undefined) {
      const { offset, timestampMs, key, value, headers } = packed;
      yield headers === undefined ? { offset, timestampMs, key, value } : { offset, timestampMs, key, value, headers };
    }
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

function segmentOf(bytes: Buffer, start: number, end: number): Segment {
  const attributes = bytes.readInt16BE(start + 21);
  const batch = {
    baseOffset: int64(bytes, start),
    firstMs: int64(bytes, start + 27),
    appendMs: (attributes & APPEND_TIME) === 0 ? undefined : int64(bytes, start + 35),
    count: bytes.readInt32BE(start + 57),
  };
  const codec = attributes & COMPRESSION;
  if (codec === 0) return { bytes, start: start + HEADER_BYTES, ...batch };
  return { bytes: decompress(codec, bytes.subarray(start + HEADER_BYTES, end)), start: 0, ...batch };
}

/** Everything complete in `bytes`, from the offset `from` on. A batch cut off by the fetch size is left for the next fetch. */
export function decodeBatches(
  bytes: Buffer,
  from: number,
  abortedTransactions: readonly AbortedTransaction[],
): Decoded {
  const aborted = abortedTransactions.length === 0 ? undefined : new Aborted(abortedTransactions);
  const segments: Segment[] = [];
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
      segments.push(segmentOf(bytes, start, end));
      if ((attributes & APPEND_TIME) !== 0) appendedMs = Math.max(appendedMs ?? 0, int64(bytes, start + 35));
    }
    nextOffset = Math.max(nextOffset, lastOffset + 1);
    start = end;
  }
  return { packed: new FetchedRecords(segments, from, bytes.length), nextOffset, appendedMs };
}
