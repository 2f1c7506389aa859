// A batch as it was fetched. Invariant: its records become objects only when somebody reads `records`, and then once.
import type { PackedBatch, RecordBatch } from '#libs/event-log';
import type { Decoded } from '../records/decode.js';

export class FetchedBatch implements RecordBatch {
  constructor(
    readonly topic: string,
    readonly partition: number,
    private readonly fetched: Pick<Decoded, 'packed' | 'nextOffset'>,
  ) {}

  get records(): RecordBatch['records'] {
    return this.fetched.packed.records;
  }

  get packed(): PackedBatch {
    return this.fetched.packed;
  }

  get nextOffset(): number {
    return this.fetched.nextOffset;
  }
}
