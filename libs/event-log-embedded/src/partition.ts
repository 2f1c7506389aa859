// One partition as its writing process knows it. Invariant: what readers see (`visible…`) is what the disk holds; what
// was given out beyond that belongs to a commit under way, and is taken back by `reset` if that commit fails.
import { emptyHead, encodeHead, type Head, headKey } from './layout.js';

export class Partition {
  /** As it will be on disk after all commits under way. */
  head: Head;
  visibleStart = 0;
  /** Room for the next chunk, so that it need not grow. */
  usualChunkBytes = 480;
  visibleNext = 0;

  constructor(
    readonly topic: string,
    readonly topicNumber: number,
    readonly partition: number,
    head: Head = emptyHead(),
  ) {
    this.head = head;
    this.publish(head);
  }

  get key(): Buffer {
    return headKey(this.topicNumber, this.partition);
  }

  /** The time of a record appended now: never earlier than what the partition has reached. */
  stamp(nowMs: number): number {
    return (this.head.reachedMs = Math.max(this.head.reachedMs, nowMs));
  }

  encode(): Buffer {
    return encodeHead(this.head);
  }

  publish(head: Pick<Head, 'start' | 'next'>): void {
    this.visibleStart = head.start;
    this.visibleNext = head.next;
  }

  reset(head: Head): void {
    this.head = head;
    this.publish(head);
  }
}
