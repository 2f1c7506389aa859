// A piece of what goes to one partition: as many records as fit into one batch below the broker's limit (a batch over it
// fails for good). Invariant: a slice is encoded once; sent again it is the same bytes with the same sequence, so the
// broker keeps it once.
import { DEFAULT_MAX_RECORD_BYTES, type NewRecord, RecordTooLargeError } from '#libs/event-log';
import { encodeBatch, recordBytes } from '../records/encode.js';

/** The broker's default limit is 1,048,588 bytes a batch. */
const SLICE_BYTES = 900_000;
const SEQUENCES = 2 ** 31;

export class Slice {
  readonly records: NewRecord[] = [];
  bytes = 0;
  encoded: Buffer | undefined;

  fits(bytes: number): boolean {
    return this.encoded === undefined && (this.records.length === 0 || this.bytes + bytes <= SLICE_BYTES);
  }

  add(record: NewRecord, bytes: number): void {
    this.records.push(record);
    this.bytes += bytes;
  }
}

/** Bytes a record takes; throws for one that no topic of ours takes. */
export function requireRecordFit(topic: string, record: NewRecord): number {
  const bytes = recordBytes(record);
  if (bytes <= DEFAULT_MAX_RECORD_BYTES) return bytes;
  throw new RecordTooLargeError(`a record of ${bytes} bytes for ${topic}; the limit is ${DEFAULT_MAX_RECORD_BYTES}`);
}

export interface ProducerIdentity {
  readonly producerId: string;
  readonly producerEpoch: number;
}

/** The sequence numbers of one partition under one producer identity. */
export class Sequence {
  #next = 0;
  #identity: ProducerIdentity | undefined;

  encode(
    slice: Slice,
    identity: ProducerIdentity,
    { nowMs, transactional }: { readonly nowMs: number; readonly transactional: boolean },
  ): Buffer {
    if (slice.encoded !== undefined) return slice.encoded;
    if (this.#identity !== identity) {
      this.#identity = identity;
      this.#next = 0;
    }
    const { producerId, producerEpoch } = identity;
    const frame = { nowMs, producerId: BigInt(producerId), producerEpoch, sequence: this.#next, transactional };
    slice.encoded = encodeBatch(slice.records, slice.bytes, frame);
    this.#next = (this.#next + slice.records.length) % SEQUENCES;
    return slice.encoded;
  }

  /** The broker refused the slice: its numbers are free again. */
  undo(slice: Slice): void {
    slice.encoded = undefined;
    this.#next = (this.#next - slice.records.length + SEQUENCES) % SEQUENCES;
  }
}
