// Records of one topic-partition as they are read, for code that never waits: batches are pushed in, records are taken one by
// one. Invariant: `position` never falls, and everything before it was pushed or is not in the log. A record may be used until the
// next but one is the head: two objects are filled in turn, where the log gives bytes.
import { ListedRecords, PackedRecord, type LogRecord, type RecordBatch, type RecordCursor } from '#libs/event-log';

export class RecordFeed {
  /** The next record; undefined = none is here. */
  head: LogRecord | undefined;
  isEnded = false;
  /** Nothing before this offset is still to come. */
  position = 0;
  #batches: RecordCursor[] = [];
  #cursor: RecordCursor | undefined;
  #spare = new PackedRecord();
  #other = new PackedRecord();

  push(batch: RecordBatch): void {
    this.position = Math.max(this.position, batch.nextOffset);
    this.#batches.push(batch.packed?.cursor() ?? new ListedRecords(batch.records));
    if (this.head === undefined) this.shift();
  }

  end(): void {
    this.isEnded = true;
  }

  /** Drops the head. */
  shift(): void {
    const into = this.#spare;
    this.#spare = this.#other;
    this.#other = into;
    for (;;) {
      this.head = this.#cursor?.next(into);
      if (this.head !== undefined) return;
      this.#cursor = this.#batches.shift();
      if (this.#cursor === undefined) return;
    }
  }
}
