// Tails over a local store: one pump per tail that wakes when something was appended, never polling. Invariant: per
// partition batches arrive in order and one call at a time; `onBatch` that waits holds back its own tail only.
import { OffsetOutOfRangeError } from './errors.js';
import { type LocalStore, nextTurn, TURN_RECORDS } from './local-store.js';
import type { Tail, TailOptions } from './port.js';

class LocalTail implements Tail {
  private readonly flows: { topic: string; partition: number; position: number }[] = [];
  private running: Promise<void> | undefined;
  private woken = false;
  private closed = false;
  private next = 0;

  constructor(
    private readonly store: LocalStore,
    private readonly options: TailOptions,
    private readonly onClosed: (tail: LocalTail) => void,
  ) {
    for (const [topic, from] of options.topics) {
      const partitions = store.partitions(topic);
      for (let partition = 0; partition < partitions; partition++) {
        this.flows.push({ topic, partition, position: this.startPosition(topic, partition, from) });
      }
    }
    this.wake(undefined);
  }

  private startPosition(topic: string, partition: number, from: readonly number[] | 'start' | 'end'): number {
    if (from === 'start') return this.store.start(topic, partition);
    return from === 'end' ? this.store.end(topic, partition) : (from[partition] ?? this.store.start(topic, partition));
  }

  wake(topic: string | undefined): void {
    if (this.closed || (topic !== undefined && !this.options.topics.has(topic))) return;
    this.woken = true;
    this.running ??= this.pump().finally(() => {
      this.running = undefined;
      if (this.woken) this.wake(undefined);
    });
  }

  private async pump(): Promise<void> {
    await nextTurn();
    try {
      do {
        this.woken = false;
        await this.deliverAll();
      } while (this.woken && !this.closed);
    } catch (error) {
      this.stop();
      this.options.onError(error as Error, true);
    }
  }

  private async deliverAll(): Promise<void> {
    let records = 0;
    while (!this.closed) {
      const delivered = await this.deliverOne();
      if (delivered === undefined) return;
      records += Math.max(1, delivered);
      if (records < TURN_RECORDS) continue;
      records = 0;
      await nextTurn();
    }
  }

  /** Delivers the next batch of the partitions in turn, and tells how many records it had; undefined = nothing to deliver. */
  private async deliverOne(): Promise<number | undefined> {
    for (let tried = 0; tried < this.flows.length; tried++) {
      const flow = this.flows[this.next++ % this.flows.length] as (typeof this.flows)[number];
      const { topic, partition } = flow;
      const end = this.store.end(topic, partition);
      if (flow.position === end) continue;
      if (flow.position > end)
        throw new OffsetOutOfRangeError(`${topic}-${partition} ends at ${end}, before ${flow.position}`);
      this.skipWhatIsGone(flow);
      if (flow.position >= end) continue;
      const batch = this.store.readBatch(topic, partition, flow.position, end);
      const answer = this.options.onBatch(batch);
      if (answer !== undefined) await answer;
      flow.position = batch.nextOffset;
      return batch.records.length;
    }
    return undefined;
  }

  private skipWhatIsGone(flow: { topic: string; partition: number; position: number }): void {
    const start = this.store.start(flow.topic, flow.partition);
    if (flow.position >= start) return;
    const lost = `${flow.topic}-${flow.partition}: ${flow.position} to ${start} were deleted before they were read`;
    flow.position = start;
    this.options.onError(new OffsetOutOfRangeError(lost), false);
  }

  positions(topic: string): readonly number[] {
    return this.flows.filter((flow) => flow.topic === topic).map((flow) => flow.position);
  }

  private stop(): void {
    this.closed = true;
    this.woken = false;
    this.onClosed(this);
  }

  async close(): Promise<void> {
    this.stop();
    await this.running;
  }
}

/** All tails of one local log. */
export class LocalTails {
  private readonly tails = new Set<LocalTail>();

  constructor(private readonly store: LocalStore) {}

  /** Whether anybody reads at all. */
  get size(): number {
    return this.tails.size;
  }

  open(options: TailOptions): Tail {
    const tail = new LocalTail(this.store, options, (closed) => this.tails.delete(closed));
    this.tails.add(tail);
    return tail;
  }

  /** Something was appended to a topic, or it was deleted. */
  moved(topic: string): void {
    for (const tail of this.tails) tail.wake(topic);
  }

  async close(): Promise<void> {
    await Promise.all([...this.tails].map((tail) => tail.close()));
  }
}
