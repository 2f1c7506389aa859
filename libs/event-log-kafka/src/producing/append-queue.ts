// What callers want appended, in slices by partition. Invariant: per partition the order of calls is kept, and a call is
// answered once: when all of its records are durable, or when one of them never will be.
import { type Appended, type NewRecord, Placement } from '#libs/event-log';
import { requireRecordFit, Sequence, Slice } from './slice.js';

/** One call of `append`. */
export class AppendCall {
  readonly #appended: Appended[] = [];
  #left: number;
  readonly promise: Promise<readonly Appended[]>;
  #resolve: (appended: readonly Appended[]) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(
    readonly topic: string,
    readonly records: readonly NewRecord[],
    readonly deadlineMs: number,
  ) {
    this.#left = records.length;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  done(index: number, appended: Appended): void {
    this.#appended[index] = appended;
    this.#left -= 1;
    if (this.#left === 0) this.#resolve(this.#appended);
  }

  fail(error: Error): void {
    this.#reject(error);
  }
}

/** A slice that knows whose records it holds. */
export class AppendSlice extends Slice {
  readonly #calls: AppendCall[] = [];
  readonly #indexes: number[] = [];
  /** Sent at least once without an answer: whether it was appended is not known. */
  uncertain = false;

  get deadlineMs(): number {
    return this.#calls[0]?.deadlineMs ?? 0;
  }

  addOf(call: AppendCall, index: number, bytes: number): void {
    this.add(call.records[index]!, bytes);
    this.#calls.push(call);
    this.#indexes.push(index);
  }

  done(partition: number, baseOffset: number, timestampMs: (record: NewRecord) => number): void {
    for (let at = 0; at < this.#calls.length; at += 1) {
      this.#calls[at]!.done(this.#indexes[at]!, {
        partition,
        offset: baseOffset + at,
        timestampMs: timestampMs(this.records[at]!),
      });
    }
  }

  fail(error: Error): void {
    for (const call of new Set(this.#calls)) call.fail(error);
  }
}

export class PartitionQueue {
  readonly slices: AppendSlice[] = [];
  readonly sequence = new Sequence();
  /** Its first slice is under way. */
  busy = false;

  constructor(
    readonly topic: string,
    readonly partition: number,
  ) {}

  add(call: AppendCall, index: number, bytes: number): void {
    let last = this.slices.at(-1);
    if (last === undefined || (this.busy && this.slices.length === 1) || !last.fits(bytes)) {
      last = new AppendSlice();
      this.slices.push(last);
    }
    last.addOf(call, index, bytes);
  }
}

export class AppendQueue {
  readonly #partitions = new Map<string, PartitionQueue[]>();
  /** Partitions whose next slice may be sent, the one that has waited longest first: of many none is left out for ever. */
  readonly #waiting = new Set<PartitionQueue>();
  readonly #placement = new Placement();
  /** Of everything that waits or is under way. */
  bytes = 0;

  /** Places the records of a call; throws before anything is queued when one cannot be placed. */
  add(call: AppendCall, partitions: number): void {
    const sizes = call.records.map((record) => {
      const { partition } = record;
      if (partition !== undefined && !(partition >= 0 && partition < partitions)) {
        throw new RangeError(`${call.topic} has ${partitions} partitions, no partition ${partition}`);
      }
      return requireRecordFit(call.topic, record);
    });
    let queues = this.#partitions.get(call.topic);
    if (queues === undefined) this.#partitions.set(call.topic, (queues = []));
    for (let index = 0; index < call.records.length; index += 1) {
      const partition = this.#placement.partition(call.records[index]!, partitions);
      const queue = (queues[partition] ??= new PartitionQueue(call.topic, partition));
      queue.add(call, index, sizes[index]!);
      this.#wait(queue);
      this.bytes += sizes[index]!;
    }
  }

  waiting(): readonly PartitionQueue[] {
    return [...this.#waiting];
  }

  /** Its first slice is under way from now on. */
  begin(queue: PartitionQueue): void {
    queue.busy = true;
    this.#waiting.delete(queue);
  }

  /** Nothing of it is under way any more; what is left waits behind all others. */
  end(queue: PartitionQueue): void {
    queue.busy = false;
    this.#wait(queue);
  }

  /** The first slice is decided. */
  drop(queue: PartitionQueue): void {
    this.bytes -= queue.slices.shift()?.bytes ?? 0;
    if (queue.slices.length === 0) this.#waiting.delete(queue);
  }

  failAll(error: Error): void {
    for (const queues of this.#partitions.values())
      for (const queue of queues) for (const slice of queue?.slices ?? []) slice.fail(error);
    this.#partitions.clear();
    this.#waiting.clear();
    this.bytes = 0;
  }

  #wait(queue: PartitionQueue): void {
    if (!queue.busy && queue.slices.length > 0) this.#waiting.add(queue);
  }
}
