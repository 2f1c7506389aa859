// Entries and their recipients to frames: for each delivery partition the entries of a step, each once with the recipients
// of that partition, sliced by bytes. Invariant: an entry is serialised once however many frames hold it, and no frame
// exceeds the limit unless a single recipient does. Written for the machine: bytes are copied, no text is made per recipient.
import { FRAME_ENTRY_TAIL, frameText } from '#libs/contracts';
import type { UserColumns } from './user-columns.js';

export interface Frame {
  readonly partition: number;
  /** The record's value. */
  readonly bytes: Uint8Array;
  readonly recipients: number;
}

const [OPENING, CLOSING] = frameText(['\0'])
  .split('\0')
  .map((part) => Buffer.from(part)) as [Buffer, Buffer];
const ENTRY_TAIL = Buffer.from(FRAME_ENTRY_TAIL);
const COMMA = 0x2c;
/** What ends an entry and its frame. */
const ENDING_BYTES = ENTRY_TAIL.length + CLOSING.length;
const FIRST_CAPACITY = 4_096;
/** Recipients looked up in one go. */
const GATHERED = 256;

class Bucket {
  bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  /** The same. */
  view = new DataView(this.bytes.buffer);
  length = 0;
  recipients = 0;
  /** The entry under way has recipients here. */
  isOpen = false;
  /** Where in the frame the recipients of the last entry lie, and how many they are. */
  lastFrom = 0;
  lastTo = 0;
  lastCount = 0;

  constructor(readonly partition: number) {
    OPENING.copy(this.bytes);
    this.reset();
  }

  /** The opening stays where it is. */
  reset(): void {
    this.length = OPENING.length;
    this.recipients = 0;
    this.isOpen = false;
    this.lastCount = 0;
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** For a few bytes, of which a call into the engine would be most of the work. */
  end(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    for (let index = 0; index < bytes.length; index++) this.bytes[this.length++] = bytes[index] as number;
  }

  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

export class FrameBuilder {
  readonly #buckets: Bucket[];
  /** For whom the last entry was; −1 = not all of it is in the frames under way. */
  #audience = new Int32Array(64);
  #audienceCount = -1;
  /** Of the recipients being added: their rows, and the ends of their names. */
  readonly #gathered = {
    at: new Uint32Array(GATHERED),
    row: new Uint32Array(GATHERED),
    head: new Int32Array(GATHERED),
    tail: new Int32Array(GATHERED),
  };
  #frames: Frame[] = [];
  #room = Buffer.allocUnsafe(FIRST_CAPACITY);
  /** The part of the room that is the head. */
  #head = this.#room;

  constructor(
    private readonly columns: UserColumns,
    private readonly maxFrameBytes: number,
  ) {
    this.#buckets = Array.from({ length: columns.counts.deliveries }, (_, partition) => new Bucket(partition));
  }

  /** Adds an entry, of which `head` is everything up to its first recipient, for the first `count` of these users. */
  add(head: string, users: Int32Array, count: number): void {
    this.#setHead(head);
    if (!this.#isSameAudience(users, count) || !this.#addAgain()) this.#addEach(users, count);
  }

  #addEach(users: Int32Array, count: number): void {
    this.#keepAudience(users, count);
    for (const bucket of this.#buckets) bucket.lastCount = 0;
    for (let from = 0; from < count; from += GATHERED) {
      const to = Math.min(count, from + GATHERED);
      this.#gather(users, from, to);
      for (let index = 0; index < to - from; index++) this.#addRecipient(index);
    }
    for (const bucket of this.#buckets) if (bucket.isOpen) this.#endEntry(bucket);
  }

  /**
   * Where the names of some lie, and the first and the last four bytes of each: what is in none of the processor's caches is waited
   * for together, not one by one.
   */
  #gather(users: Int32Array, first: number, end: number): void {
    const { columns } = this;
    const { at, row, head, tail } = this.#gathered;
    let { rows } = columns;
    for (let index = first; index < end; index++) {
      const user = users[index] as number;
      if ((rows[2 * user + 1] ?? 0) === 0) {
        columns.compute(user);
        ({ rows } = columns);
      }
      at[index - first] = rows[2 * user] as number;
      row[index - first] = rows[2 * user + 1] as number;
    }
    const { pool } = columns;
    for (let index = 0; index < end - first; index++) {
      const nameAt = at[index] as number;
      head[index] = pool.getInt32(nameAt);
      tail[index] = pool.getInt32(nameAt + ((row[index] as number) >>> 16) - 4);
    }
  }

  #keepAudience(users: Int32Array, count: number): void {
    if (count > this.#audience.length) this.#audience = new Int32Array(2 * count);
    for (let index = 0; index < count; index++) this.#audience[index] = users[index] as number;
    this.#audienceCount = count;
  }

  #isSameAudience(users: Int32Array, count: number): boolean {
    if (count !== this.#audienceCount) return false;
    const audience = this.#audience;
    for (let index = 0; index < count; index++) if (users[index] !== audience[index]) return false;
    return true;
  }

  /** Copies the recipients of the last entry in one piece. false = there is no room in the frames, and nothing has happened. */
  #addAgain(): boolean {
    const more = 1 + this.#head.length + ENDING_BYTES;
    for (const { lastCount, lastFrom, lastTo, length } of this.#buckets)
      if (lastCount > 0 && length + more + lastTo - lastFrom > this.maxFrameBytes) return false;
    for (const bucket of this.#buckets) {
      const { lastCount, lastFrom, lastTo } = bucket;
      if (lastCount === 0) continue;
      this.#beginEntry(bucket, lastTo - lastFrom);
      bucket.reserve(lastTo - lastFrom);
      bucket.bytes.copyWithin(bucket.length, lastFrom, lastTo);
      bucket.length += lastTo - lastFrom;
      bucket.lastTo = bucket.length;
      bucket.recipients += lastCount;
      bucket.end(ENTRY_TAIL);
      bucket.isOpen = false;
    }
    return true;
  }

  /** Everything added since the last time, in order per partition. */
  take(): Frame[] {
    for (const bucket of this.#buckets) this.#endFrame(bucket);
    this.#audienceCount = -1;
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }

  #setHead(head: string): void {
    // No character of UTF-16 takes more than three bytes.
    if (head.length * 3 > this.#room.length) this.#room = Buffer.allocUnsafe(head.length * 3);
    this.#head = this.#room.subarray(0, this.#room.write(head));
  }

  #addRecipient(index: number): void {
    const { at, row, head, tail } = this.#gathered;
    const nameAt = at[index] as number;
    const nameBytes = (row[index] as number) >>> 16;
    const bucket = this.#buckets[(row[index] as number) & 0xffff] as Bucket;
    if (bucket.isOpen && bucket.length + nameBytes + ENDING_BYTES > this.maxFrameBytes) {
      this.#endEntry(bucket);
      this.#endFrame(bucket);
      this.#audienceCount = -1;
    }
    if (!bucket.isOpen) this.#beginEntry(bucket, nameBytes);
    bucket.reserve(nameBytes);
    // With a comma after each; the last one is taken back when the entry ends.
    const { view, length } = bucket;
    const { pool } = this.columns;
    const last = nameBytes - 4;
    view.setInt32(length, head[index] as number);
    for (let done = 4; done < last; done += 4) view.setInt32(length + done, pool.getInt32(nameAt + done));
    view.setInt32(length + last, tail[index] as number);
    bucket.length = length + nameBytes;
    bucket.recipients++;
    bucket.lastCount++;
  }

  #beginEntry(bucket: Bucket, nameBytes: number): void {
    const bytes = 1 + this.#head.length + nameBytes + ENDING_BYTES;
    if (bucket.recipients > 0 && bucket.length + bytes > this.maxFrameBytes) this.#endFrame(bucket);
    if (bucket.recipients > 0) {
      bucket.reserve(1);
      bucket.bytes[bucket.length++] = COMMA;
    }
    bucket.append(this.#head);
    bucket.isOpen = true;
    bucket.lastFrom = bucket.length;
  }

  #endEntry(bucket: Bucket): void {
    bucket.lastTo = --bucket.length;
    bucket.end(ENTRY_TAIL);
    bucket.isOpen = false;
  }

  #endFrame(bucket: Bucket): void {
    if (bucket.recipients === 0) return;
    bucket.end(CLOSING);
    const bytes = Buffer.from(bucket.bytes.subarray(0, bucket.length));
    this.#frames.push({ partition: bucket.partition, bytes, recipients: bucket.recipients });
    bucket.reset();
  }
}
