// The records of a batch one after the other, as spans of bytes: for whoever reads many and keeps none. Invariant: what a visitor is
// shown holds until it returns; only the bytes stay.
import type { RecordSpans } from '#libs/contracts';
import { PackedRecord, Spans, type LogRecord, type RecordBatch } from '#libs/event-log';

export class RecordWalk {
  readonly #packed = new PackedRecord();
  readonly #spans = new Spans();

  each(batch: RecordBatch, visit: (spans: RecordSpans, record: LogRecord) => void): void {
    if (batch.packed === undefined) {
      for (const record of batch.records) visit(this.#spans.of(record), record);
      return;
    }
    const cursor = batch.packed.cursor();
    for (let record = cursor.next(this.#packed); record !== undefined; record = cursor.next(this.#packed)) {
      visit(record instanceof PackedRecord ? record : this.#spans.of(record), record);
    }
  }
}

/** The text of a key or value; the span must be there. */
export function textAt(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}
