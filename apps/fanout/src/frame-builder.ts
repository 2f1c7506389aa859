// Entries and their recipients to frames: for each delivery partition the entries of a step, each once with the recipients
// of that partition, sliced by bytes. Invariant: an entry is serialised once however many frames hold it, and no frame
// exceeds the limit by more than one name. Written for the machine: the rest of the fan-out is not this hot.
import { FRAME_ENTRY_TAIL, FRAME_OVERHEAD_BYTES, frameText } from '#libs/contracts';
import type { UserColumns } from './user-columns.js';

export interface Frame {
  readonly partition: number;
  /** The record's value. */
  readonly text: string;
  readonly recipients: number;
}

/** Of an entry beside its head: what ends it, and the comma after it. */
const ENTRY_OVERHEAD_BYTES = FRAME_ENTRY_TAIL.length + 1;

interface Bucket {
  readonly partition: number;
  /** Those that are complete. */
  entries: string[];
  bytes: number;
  recipients: number;
  /** Recipients of the entry under way, joined; empty = none yet. */
  to: string;
}

export class FrameBuilder {
  readonly #buckets: Bucket[];
  readonly #touched: Bucket[] = [];
  #frames: Frame[] = [];
  #head = '';
  #headBytes = 0;

  constructor(
    private readonly columns: UserColumns,
    private readonly maxFrameBytes: number,
  ) {
    this.#buckets = Array.from({ length: columns.counts.deliveries }, (_, partition) => ({ partition, entries: [], bytes: FRAME_OVERHEAD_BYTES, recipients: 0, to: '' }));
  }

  /** Adds an entry, of which `head` is everything up to its first recipient, for the first `count` of these users. */
  add(head: string, users: Int32Array, count: number): void {
    this.#head = head;
    this.#headBytes = Buffer.byteLength(head) + ENTRY_OVERHEAD_BYTES;
    const columns = this.columns;
    for (let index = 0; index < count; index++) {
      const user = users[index] as number;
      const bucket = this.#buckets[columns.deliveryPartition(user)] as Bucket;
      const bytes = columns.quotedBytes(user) + 1;
      if (bucket.bytes + bytes > this.maxFrameBytes && bucket.to !== '') this.#flush(bucket);
      if (bucket.to === '') this.#begin(bucket, bytes);
      else bucket.to += ',';
      bucket.to += columns.quoted(user);
      bucket.bytes += bytes;
      bucket.recipients++;
    }
    for (const bucket of this.#touched) this.#end(bucket);
    this.#touched.length = 0;
  }

  /** Everything added since the last time, in order per partition. */
  take(): Frame[] {
    for (const bucket of this.#buckets) this.#close(bucket);
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }

  /** The entry begins in this bucket; if it does not fit, in a frame of its own. */
  #begin(bucket: Bucket, bytes: number): void {
    if (bucket.entries.length > 0 && bucket.bytes + this.#headBytes + bytes > this.maxFrameBytes) this.#close(bucket);
    bucket.bytes += this.#headBytes;
    this.#touched.push(bucket);
  }

  #end(bucket: Bucket): void {
    if (bucket.to === '') return;
    bucket.entries.push(this.#head + bucket.to + FRAME_ENTRY_TAIL);
    bucket.to = '';
  }

  /** The entry is divided: what it has goes out, the rest goes on in the next frame. */
  #flush(bucket: Bucket): void {
    this.#end(bucket);
    this.#close(bucket);
  }

  #close(bucket: Bucket): void {
    if (bucket.entries.length === 0) return;
    this.#frames.push({ partition: bucket.partition, text: frameText(bucket.entries), recipients: bucket.recipients });
    bucket.entries = [];
    bucket.bytes = FRAME_OVERHEAD_BYTES;
    bucket.recipients = 0;
  }
}
