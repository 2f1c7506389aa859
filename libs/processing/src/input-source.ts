// One input topic-partition as a task sees it: what was read and not yet taken, how far it has been read, and up to
// which moment it is known to be empty. Invariant: records are taken once, in the order of their offsets, whatever is
// delivered twice; the time it has reached never goes back.
import { ListedRecords, PackedRecord, type LogRecord, type RecordBatch, type RecordCursor } from '#libs/event-log';
import type { Position } from './progress.js';

/** What a record costs in a queue besides its key and value, bytes. */
const RECORD_BYTES = 96;

interface QueuedBatch {
  readonly cursor: RecordCursor;
  /** What comes before was queued already. */
  readonly from: number;
  readonly nextOffset: number;
  readonly bytes: number;
}

export class InputSource {
  /** The settled time of the next record: its append time, never earlier than what was reached; Infinity = none is queued. */
  headMs = Infinity;
  /** The time of the last record taken, milliseconds; −Infinity = none yet. */
  reachedMs = -Infinity;
  /** The offset of the last record taken; −1 = none yet. */
  takenOffset = -1;
  #queue: QueuedBatch[] = [];
  /** Index of the first batch in the queue that is not used up. */
  #first = 0;
  #head: LogRecord | undefined;
  // Records are read into one of these while the one before is being taken.
  #spare = new PackedRecord();
  #other = new PackedRecord();
  #records = 0;
  #bytes = 0;
  #nextToTake = 0;
  #nextToRead = 0;
  #endOffset: number | undefined;
  #endAskedMs = -Infinity;
  #provenMs = -Infinity;

  constructor(readonly topic: string) {}

  /** Where to begin; `takenOffset` is the last offset taken before, −1 = none. */
  start(position: Position, takenOffset: number): void {
    this.#nextToTake = position.nextOffset;
    this.#nextToRead = position.nextOffset;
    this.reachedMs = position.reachedMs;
    this.takenOffset = takenOffset;
  }

  get position(): Position {
    return { nextOffset: this.#nextToTake, reachedMs: this.reachedMs };
  }

  get queuedRecords(): number {
    return this.#records;
  }

  get queuedBytes(): number {
    return this.#bytes;
  }

  /** Whether it has been asked where the log ends. */
  get endKnown(): boolean {
    return this.#endOffset !== undefined;
  }

  /** Empty although the log is known to hold more: what comes next may be earlier than anything. */
  get isAwaited(): boolean {
    return this.headMs === Infinity && (this.#endOffset === undefined || this.#nextToRead < this.#endOffset);
  }

  /** The moment by our clock up to which everything appended has been taken, or lies in the queue. */
  get provenMs(): number {
    return this.#provenMs;
  }

  /** No record with an earlier time will be taken from here any more, milliseconds. `slackMs`: how far a proof is trusted less. */
  horizonMs(slackMs: number): number {
    if (this.headMs !== Infinity) return this.headMs;
    const provenMs = this.#provenMs - slackMs;
    return provenMs > this.reachedMs ? provenMs : this.reachedMs;
  }

  /** Queues what was read; what came before is dropped. */
  push(batch: RecordBatch): void {
    const from = this.#nextToRead;
    if (batch.nextOffset <= from) return;
    const { packed, nextOffset } = batch;
    const cursor = packed?.cursor() ?? new ListedRecords(batch.records);
    const bytes = packed === undefined ? bytesOf(batch.records) : packed.bytes;
    this.#records += cursor.left;
    this.#bytes += bytes;
    this.#queue.push({ cursor, from, nextOffset, bytes });
    this.#nextToRead = nextOffset;
    if (this.headMs === Infinity) this.#findHead();
  }

  /** Takes the next record; there must be one. It may be used until the next is taken; its settled time is `reachedMs`. */
  take(): LogRecord {
    const record = this.#head;
    if (record === undefined) throw new Error(`nothing is queued of ${this.topic}`);
    this.#records -= 1;
    this.reachedMs = this.headMs;
    this.takenOffset = record.offset;
    this.#nextToTake = record.offset + 1;
    this.#findHead();
    return record;
  }

  /** The stable end as one request told it, and the moment before that request. An end that is not reached yet stays the one to reach. */
  learnEnd(endOffset: number, askedMs: number): void {
    if (this.#endOffset !== undefined && this.#nextToRead < this.#endOffset) return;
    this.#endOffset = endOffset;
    this.#endAskedMs = askedMs;
    if (this.headMs === Infinity) this.#prove();
  }

  #findHead(): void {
    for (let batch = this.#queue[this.#first]; batch !== undefined; batch = this.#queue[this.#first]) {
      const record = this.#nextOf(batch);
      if (record !== undefined) {
        this.#head = record;
        this.headMs = record.timestampMs > this.reachedMs ? record.timestampMs : this.reachedMs;
        return;
      }
      this.#nextToTake = batch.nextOffset;
      this.#bytes -= batch.bytes;
      this.#first += 1;
      if (this.#first > 64 && this.#first * 2 > this.#queue.length) this.#dropUsed();
    }
    this.#dropUsed();
    this.#head = undefined;
    this.headMs = Infinity;
    this.#prove();
  }

  #nextOf({ cursor, from }: QueuedBatch): LogRecord | undefined {
    const into = this.#spare;
    for (let record = cursor.next(into); record !== undefined; record = cursor.next(into)) {
      if (record.offset < from) {
        this.#records -= 1;
        continue;
      }
      this.#spare = this.#other;
      this.#other = into;
      return record;
    }
    return undefined;
  }

  #dropUsed(): void {
    this.#queue = this.#queue.slice(this.#first);
    this.#first = 0;
  }

  #prove(): void {
    if (this.#endOffset === undefined || this.#nextToRead < this.#endOffset) return;
    if (this.#endAskedMs > this.#provenMs) this.#provenMs = this.#endAskedMs;
  }
}

function bytesOf(records: readonly LogRecord[]): number {
  let bytes = 0;
  for (const { key, value } of records) bytes += (key?.length ?? 0) + (value?.length ?? 0) + RECORD_BYTES;
  return bytes;
}
