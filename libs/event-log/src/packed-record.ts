// Records as they lie in bytes, read one after the other into an object that is used again. Invariant: a packed record
// shows what the same record of `records` shows, until the next is read into it. It stands apart because a queue of
// fetched bytes costs a garbage collector nothing, and a queue of records a copy of each.
import type { LogRecord } from './port.js';

const NONE = new Uint8Array(0);

export class PackedRecord implements LogRecord {
  bytes: Uint8Array = NONE;
  offset = -1;
  timestampMs = 0;
  /** −1 = there is none. */
  keyStart = -1;
  keyEnd = -1;
  /** −1 = a tombstone. */
  valueStart = -1;
  valueEnd = -1;
  headers: Readonly<Record<string, string>> | undefined = undefined;

  get keyBytes(): Uint8Array {
    return this.bytes;
  }

  get valueBytes(): Uint8Array {
    return this.bytes;
  }

  get key(): Uint8Array | null {
    return this.keyStart < 0 ? null : this.bytes.subarray(this.keyStart, this.keyEnd);
  }

  get value(): Uint8Array | null {
    return this.valueStart < 0 ? null : this.bytes.subarray(this.valueStart, this.valueEnd);
  }
}

/** Goes through the records of one batch once. */
export interface RecordCursor {
  /** How many are still to come. */
  readonly left: number;
  /** The next record, which may be `into` itself, filled; undefined = there is none. */
  next(into: PackedRecord): LogRecord | undefined;
}

/** Where records are objects already. */
export class ListedRecords implements RecordCursor {
  #at = 0;

  constructor(private readonly records: readonly LogRecord[]) {}

  get left(): number {
    return this.records.length - this.#at;
  }

  next(): LogRecord | undefined {
    const record = this.records[this.#at];
    if (record !== undefined) this.#at += 1;
    return record;
  }
}
