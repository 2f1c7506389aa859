// Chunks: the records of one partition that were committed together, as one value in LMDB. Invariant: the bytes of a
// chunk never change; it covers the offsets from its key to `nextOffset`, gaps included. Written for the machine: one
// pass, no intermediate objects.
import type { LogRecord, NewRecord } from '#libs/event-log';

// Header: version u8, three bytes unused, count u32, nextOffset f64, base time f64, latest time f64.
const HEADER_BYTES = 32;
const VERSION = 1;
// Record: offset − base u32, time − base time i32, key length i32 (−1 = null), value length i32 (−1 = null), header bytes u32.
const RECORD_BYTES = 20;
const MAX_TIME_SPAN_MS = 0x7fffffff;
/** A chunk ends after this many bytes, so that reading a little of it stays cheap. */
export const CHUNK_BYTES = 192 * 1024;
const SHORT_TEXT = 32;

type Content = string | Uint8Array | null;

const roomFor = (content: Content): number =>
  content === null ? 0 : typeof content === 'string' ? content.length * 3 : content.length;

const encodeHeaders = (headers: Readonly<Record<string, string>> | undefined): Buffer | undefined =>
  headers === undefined ? undefined : Buffer.from(JSON.stringify(headers));

export class ChunkBuilder {
  private bytes: Buffer;
  private at = HEADER_BYTES;
  private count = 0;
  private baseMs = 0;
  private latestMs = -Infinity;
  private nextOffset: number;

  /** `nextOffset` may be moved past the last record when a chunk covers a gap at its end. */
  constructor(
    readonly base: number,
    firstBytes = 480,
  ) {
    this.nextOffset = base;
    this.bytes = Buffer.allocUnsafe(HEADER_BYTES + RECORD_BYTES + firstBytes);
  }

  get size(): number {
    return this.at;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** Whether a record of this time still fits in; if not, seal and start another. */
  takes(timestampMs: number): boolean {
    return this.at < CHUNK_BYTES && (this.count === 0 || Math.abs(timestampMs - this.baseMs) <= MAX_TIME_SPAN_MS);
  }

  add(record: Pick<NewRecord, 'key' | 'value' | 'headers'>, offset: number, timestampMs: number): void {
    const headers = encodeHeaders(record.headers);
    this.reserve(RECORD_BYTES + roomFor(record.key) + roomFor(record.value) + (headers?.length ?? 0));
    if (this.count++ === 0) this.baseMs = timestampMs;
    if (timestampMs > this.latestMs) this.latestMs = timestampMs;
    this.nextOffset = offset + 1;
    const { bytes, at } = this;
    bytes.writeUInt32LE(offset - this.base, at);
    bytes.writeInt32LE(timestampMs - this.baseMs, at + 4);
    const keyLength = this.write(record.key, at + RECORD_BYTES);
    const valueAt = at + RECORD_BYTES + Math.max(keyLength, 0);
    const valueLength = this.write(record.value, valueAt);
    const headersAt = valueAt + Math.max(valueLength, 0);
    bytes.writeInt32LE(keyLength, at + 8);
    bytes.writeInt32LE(valueLength, at + 12);
    bytes.writeUInt32LE(headers?.length ?? 0, at + 16);
    if (headers !== undefined) bytes.set(headers, headersAt);
    this.at = headersAt + (headers?.length ?? 0);
  }

  /** Writes a key or value and returns its length, −1 for null. */
  private write(content: Content, at: number): number {
    if (content === null) return -1;
    if (typeof content !== 'string') {
      this.bytes.set(content, at);
      return content.length;
    }
    if (content.length > SHORT_TEXT) return this.bytes.write(content, at);
    // Short texts are ids, mostly ASCII: here they need not cross the border to native code (a small gain at best).
    for (let i = 0; i < content.length; i++) {
      const code = content.charCodeAt(i);
      if (code > 127) return this.bytes.write(content, at);
      this.bytes[at + i] = code;
    }
    return content.length;
  }

  private reserve(bytes: number): void {
    if (this.at + bytes <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + bytes));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }

  /** Pushes its records so far, from an offset on. Keys and values are views of bytes that stay as they are. */
  peek(from: number, into: LogRecord[]): void {
    const range = { from, to: this.nextOffset };
    readRecords(this.bytes, { base: this.base, baseMs: this.baseMs, count: this.count }, range, into);
  }

  get next(): number {
    return this.nextOffset;
  }

  /** The finished bytes; the builder must not be used any more. */
  seal(nextOffset = this.nextOffset): Buffer {
    const { bytes } = this;
    bytes.writeUInt32LE(VERSION, 0);
    bytes.writeUInt32LE(this.count, 4);
    bytes.writeDoubleLE(nextOffset, 8);
    bytes.writeDoubleLE(this.baseMs, 16);
    bytes.writeDoubleLE(this.latestMs, 24);
    return bytes.subarray(0, this.at);
  }
}

export const chunkCount = (bytes: Buffer): number => bytes.readUInt32LE(4);
/** Where the chunk ends, in offsets. */
export const chunkNext = (bytes: Buffer): number => bytes.readDoubleLE(8);
/** The latest time of any of its records. */
export const chunkLatestMs = (bytes: Buffer): number => bytes.readDoubleLE(24);

/** Pushes the records of a chunk that lie in [from, to). Keys and values are views of the chunk's bytes. */
export const readChunk = (
  bytes: Buffer,
  base: number,
  range: { from: number; to: number },
  into: LogRecord[],
): void => {
  if (bytes[0] !== VERSION) throw new Error(`A chunk of the unknown version ${bytes[0]}: written by a newer Rollcall?`);
  readRecords(bytes, { base, baseMs: bytes.readDoubleLE(16), count: chunkCount(bytes) }, range, into);
};

const readRecords = (
  bytes: Buffer,
  { base, baseMs, count }: { base: number; baseMs: number; count: number },
  range: { from: number; to: number },
  into: LogRecord[],
): void => {
  let at = HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    const offset = base + bytes.readUInt32LE(at);
    const keyLength = bytes.readInt32LE(at + 8);
    const valueLength = bytes.readInt32LE(at + 12);
    const headersLength = bytes.readUInt32LE(at + 16);
    const keyAt = at + RECORD_BYTES;
    const valueAt = keyAt + (keyLength > 0 ? keyLength : 0);
    const headersAt = valueAt + (valueLength > 0 ? valueLength : 0);
    if (offset >= range.to) return;
    if (offset >= range.from) {
      const timestampMs = baseMs + bytes.readInt32LE(at + 4);
      const key = keyLength < 0 ? null : bytes.subarray(keyAt, valueAt);
      const value = valueLength < 0 ? null : bytes.subarray(valueAt, headersAt);
      into.push(
        headersLength === 0
          ? { offset, timestampMs, key, value }
          : { offset, timestampMs, key, value, headers: decodeHeaders(bytes, headersAt, headersLength) },
      );
    }
    at = headersAt + headersLength;
  }
};

const decodeHeaders = (bytes: Buffer, at: number, length: number): Record<string, string> =>
  JSON.parse(bytes.toString('utf8', at, at + length)) as Record<string, string>;
