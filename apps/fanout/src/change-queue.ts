// Batches of changes that a task has not told yet. Invariant: taken in order, each record once however often its batch is
// delivered; in one step only the latest of each user is told. A full queue pauses the partition instead of waiting.
import { readTraceparent, TRACEPARENT } from '#libs/contracts';
import type { GroupMember, LogRecord, RecordBatch } from '#libs/event-log';
import type { BrokenRecord, Raise } from '#libs/views';
import { readChange } from './news.js';

export interface ChangeQueueOptions {
  readonly topic: string;
  readonly partition: number;
  readonly member: Pick<GroupMember, 'pause' | 'resume'>;
  readonly maxBatches: number;
  /** Absent: trace contexts are passed on as they came. */
  readonly traceStep?: TraceStep | undefined;
}

/** What goes on of a trace context, a step further; told when the change was made, milliseconds. */
export type TraceStep = (traceparent: string, atMs: number) => string;

/** A change that carries the trace context of what caused it. */
export interface TracedChange {
  readonly life: number;
  readonly version: number;
  readonly traceparent: string;
}

export interface ChangeTaker {
  raise(change: Raise): void;
  /** Returns the recipients of the step so far. */
  tell(sender: number, traced: TracedChange | undefined): number;
  numberOf(userId: string): number;
}

export interface Taken {
  /** The next offset. */
  readonly next: number;
  readonly changes: number;
  /** When the last of them was made; 0 = there were none. */
  readonly lastChangedAtMs: number;
  readonly broken: readonly BrokenRecord[];
}

/** Records looked at before their users are told: also how far latest wins reaches inside a batch. */
const CHUNK = 1_000;

export class ChangeQueue {
  #batches: RecordBatch[] = [];
  /** Records of the first batch that were taken. */
  #skip = 0;
  /** Read up to here. */
  #next = 0;
  /** Told up to here. */
  #told = 0;
  #untold = new Set<number>();
  /** Of the untold, by sender: the latest change, if it is traced. */
  readonly #traced = new Map<number, TracedChange>();
  #paused = false;

  constructor(private readonly options: ChangeQueueOptions) {}

  get batches(): number {
    return this.#batches.length;
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0 && this.#untold.size === 0;
  }

  begin(next: number): void {
    this.#next = next;
    this.#told = next;
    this.#untold.clear();
    this.#traced.clear();
    this.#batches = [];
    this.#skip = 0;
  }

  push(batch: RecordBatch): void {
    this.#batches.push(batch);
    if (this.#paused || this.#batches.length < this.options.maxBatches) return;
    this.#paused = true;
    this.options.member.pause(this.options.topic, this.options.partition);
  }

  /** Of the first `batches`, until so many recipients have been told; who is left over is told first the next time. */
  take(batches: number, maxRecipients: number, taker: ChangeTaker): Taken {
    const taken = { changes: 0, lastChangedAtMs: 0, broken: [] as BrokenRecord[] };
    for (let left = batches; ;) {
      if (this.#tellUntold(maxRecipients, taker) === 'enough' || left === 0) break;
      left = this.#readSome(left, taker, taken);
    }
    this.#resume();
    return { next: this.#told, ...taken };
  }

  #tellUntold(maxRecipients: number, taker: ChangeTaker): 'all' | 'enough' {
    for (const sender of this.#untold) {
      this.#untold.delete(sender);
      const traced = this.#traced.size === 0 ? undefined : this.#traced.get(sender);
      if (traced !== undefined) this.#traced.delete(sender);
      if (taker.tell(sender, traced) >= maxRecipients && this.#untold.size > 0) return 'enough';
    }
    this.#told = this.#next;
    return 'all';
  }

  #readSome(
    batches: number,
    taker: ChangeTaker,
    taken: { changes: number; lastChangedAtMs: number; broken: BrokenRecord[] },
  ): number {
    let left = batches;
    for (let records = 0; records < CHUNK && left > 0; records++) {
      const batch = this.#batches[0] as RecordBatch;
      const record = batch.records[this.#skip++];
      if (record === undefined) {
        this.#next = Math.max(this.#next, batch.nextOffset);
        this.#batches.shift();
        this.#skip = 0;
        left--;
        continue;
      }
      if (record.offset < this.#next) continue;
      this.#next = record.offset + 1;
      const change = this.#read(record, taken.broken);
      if (change === undefined) continue;
      taker.raise(change);
      const sender = taker.numberOf(change.userId);
      this.#untold.add(sender);
      if (record.headers !== undefined || this.#traced.size > 0) this.#trace(sender, change, record);
      taken.changes++;
      taken.lastChangedAtMs = change.changedAtMs;
    }
    return left;
  }

  #trace(sender: number, { life, version, changedAtMs }: Raise, { headers }: LogRecord): void {
    const traceparent = readTraceparent(headers?.[TRACEPARENT]);
    if (traceparent === undefined) this.#traced.delete(sender);
    else {
      const { traceStep } = this.options;
      const onward = traceStep === undefined ? traceparent : traceStep(traceparent, changedAtMs);
      this.#traced.set(sender, { life, version, traceparent: onward });
    }
  }

  #read(record: LogRecord, broken: BrokenRecord[]): Raise | undefined {
    const change = readChange(record);
    if (typeof change !== 'string') return change;
    const { topic, partition } = this.options;
    broken.push({ topic, partition, record, reason: change });
    return undefined;
  }

  #resume(): void {
    if (!this.#paused || this.#batches.length > this.options.maxBatches / 2) return;
    this.#paused = false;
    this.options.member.resume(this.options.topic, this.options.partition);
  }
}
