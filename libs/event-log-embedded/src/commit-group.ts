// What is committed together: records of any number of appends and transactions, committed positions, and upkeep.
// Invariant: one group is one LMDB transaction, so each of its parts happens with all the others or not at all.
import type { LogRecord, NewRecord, RecordBatch } from '#libs/event-log';
import { ChunkBuilder, readChunk } from './chunk.js';
import type { Writes } from './environment.js';
import { chunkKey } from './layout.js';
import type { Partition } from './partition.js';

/** For a chunk as large as the last one, and the room that its last text might need; a growing one is copied. */
const MOST_RESERVED_BYTES = 64 << 10;

export interface SealedChunk {
  readonly base: number;
  readonly bytes: Buffer;
}

class PartitionWrites {
  readonly sealed: SealedChunk[] = [];
  open: ChunkBuilder;

  constructor(base: number, firstBytes: number) {
    this.open = new ChunkBuilder(base, firstBytes);
  }

  seal(): void {
    if (!this.open.isEmpty) this.sealed.push({ base: this.open.base, bytes: this.open.seal() });
  }

  readFrom(from: number): LogRecord[] {
    const records: LogRecord[] = [];
    for (const { base, bytes } of this.sealed) readChunk(bytes, base, { from, to: this.open.next }, records);
    this.open.peek(from, records);
    return records;
  }
}

export class CommitGroup {
  private readonly writes = new Map<Partition, PartitionWrites>();
  /** Partitions whose head is written with this group, and as what it will be seen afterwards. */
  private readonly heads = new Map<Partition, { start: number; next: number }>();
  private readonly upkeep: ((writes: Writes) => void)[] = [];
  private resolve!: () => void;
  private reject!: (error: Error) => void;
  readonly done = new Promise<void>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });
  readonly topics = new Set<string>();
  /** How many calls have put something into it. */
  writers = 0;
  /** How many of them appended one record, as a request does: others like it may be on their way. */
  singles = 0;
  /** Chunks that were there before are replaced by others. */
  rewrites = false;

  constructor() {
    this.done.catch(() => {
      // Whoever waits gets the failure; a group of upkeep alone may have nobody who waits.
    });
  }

  /** Gives the record its place; the caller has checked that it fits. */
  add(partition: Partition, record: NewRecord, timestampMs: number): number {
    const offset = partition.head.next++;
    let writes = this.writes.get(partition);
    if (writes === undefined) {
      this.writes.set(partition, (writes = new PartitionWrites(offset, partition.usualChunkBytes)));
      this.topics.add(partition.topic);
    } else if (!writes.open.takes(timestampMs)) {
      writes.seal();
      writes.open = new ChunkBuilder(offset, writes.open.size);
    }
    writes.open.add(record, offset, timestampMs);
    return offset;
  }

  /** What was added of a partition so far, from an offset on; undefined = nothing was. */
  readFrom(partition: Partition, from: number): RecordBatch | undefined {
    const writes = this.writes.get(partition);
    if (writes === undefined) return undefined;
    const { topic, partition: number } = partition;
    return { topic, partition: number, records: writes.readFrom(from), nextOffset: writes.open.next };
  }

  /** The partition's head is written too, as it is when the group is sealed. */
  touch(partition: Partition): void {
    this.topics.add(partition.topic);
    this.heads.set(partition, { start: 0, next: 0 });
  }

  /** Runs inside the group's transaction: puts and removes only. */
  addUpkeep(act: (writes: Writes) => void): void {
    this.upkeep.push(act);
  }

  /** The chunks of a sealed group. */
  *chunks(): Iterable<readonly [Partition, readonly SealedChunk[]]> {
    for (const [partition, { sealed }] of this.writes) yield [partition, sealed];
  }

  /** Every partition whose state depends on this group. */
  get partitions(): Partition[] {
    return [...new Set([...this.writes.keys(), ...this.heads.keys()])];
  }

  /** Finishes all chunks; from here on nothing may be added. */
  seal(): void {
    for (const [partition, writes] of this.writes) {
      writes.seal();
      const bytes = writes.sealed.reduce((sum, chunk) => sum + chunk.bytes.length, 0);
      partition.usualChunkBytes = Math.min(2 * bytes, MOST_RESERVED_BYTES);
      partition.head.dirtyBytes += bytes;
      this.touch(partition);
    }
    for (const partition of this.heads.keys())
      this.heads.set(partition, { start: partition.head.start, next: partition.head.next });
  }

  write(writes: Writes): void {
    for (const [partition, { sealed }] of this.writes) {
      for (const { base, bytes } of sealed) {
        writes.put(chunkKey(partition.topicNumber, partition.partition, base), bytes);
      }
    }
    for (const partition of this.heads.keys()) writes.put(partition.key, partition.encode());
    for (const act of this.upkeep) act(writes);
  }

  committed(): void {
    for (const [partition, seen] of this.heads) partition.publish(seen);
  }

  succeed(): void {
    this.resolve();
  }

  fail(error: Error): void {
    this.reject(error);
  }
}
