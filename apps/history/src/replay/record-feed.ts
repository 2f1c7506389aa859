// Records of one topic-partition as they are read, for code that never waits: batches are pushed in, records are taken one by
// one. Invariant: `position` never falls, and everything before it was pushed or is not in the log.
import type { LogRecord, RecordBatch } from '#libs/event-log';

export class RecordFeed {
  /** The next record; undefined = none is here. */
  head: LogRecord | undefined;
  isEnded = false;
  /** Nothing before this offset is still to come. */
  position = 0;
  #batches: (readonly LogRecord[])[] = [];
  #records: readonly LogRecord[] = [];
  #at = 0;

  push({ records, nextOffset }: RecordBatch): void {
    this.position = Math.max(this.position, nextOffset);
    if (records.length === 0) return;
    this.#batches.push(records);
    if (this.head === undefined) this.#find();
  }

  end(): void {
    this.isEnded = true;
  }

  /** Drops the head. */
  shift(): void {
    this.#at += 1;
    this.head = this.#records[this.#at];
    if (this.head === undefined) this.#find();
  }

  #find(): void {
    this.#records = this.#batches.shift() ?? [];
    this.#at = 0;
    this.head = this.#records[0];
  }
}
