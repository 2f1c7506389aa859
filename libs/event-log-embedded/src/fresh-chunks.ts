// What the two latest commits wrote, as it is handed to whoever keeps up: read from the disk and taken apart by each of its
// readers it cost them more than what they did with it. Invariant: only what is on disk is here; what compaction may have
// rewritten is not. Memory is bounded by two groups.
import type { LogRecord, RecordBatch } from '#libs/event-log';
import { chunkNext, readChunk } from './chunk.js';
import type { CommitGroup } from './commit-group.js';
import type { Partition } from './partition.js';

export class FreshChunks {
  private latest: ReadonlyMap<Partition, readonly FreshChunk[]> = new Map();
  private before: ReadonlyMap<Partition, readonly FreshChunk[]> = new Map();

  /** A group is on disk. */
  keep(group: CommitGroup): void {
    if (group.rewrites) {
      this.latest = new Map();
      this.before = new Map();
    }
    const fresh = new Map<Partition, FreshChunk[]>();
    for (const [partition, chunks] of group.chunks())
      fresh.set(
        partition,
        chunks.map(({ base, bytes }) => new FreshChunk(partition, base, bytes)),
      );
    if (fresh.size === 0) return;
    this.before = this.latest;
    this.latest = fresh;
  }

  /** The chunk that begins at this offset and ends by `to`, if it is fresh; the same batch for everybody who asks. */
  batch(partition: Partition, from: number, to: number): RecordBatch | undefined {
    return (find(this.latest, partition, from) ?? find(this.before, partition, from))?.upTo(to);
  }
}

function find(
  chunks: ReadonlyMap<Partition, readonly FreshChunk[]>,
  partition: Partition,
  from: number,
): FreshChunk | undefined {
  return chunks.get(partition)?.find(({ base }) => base === from);
}

class FreshChunk {
  private taken: RecordBatch | undefined;

  constructor(
    private readonly partition: Partition,
    readonly base: number,
    private readonly bytes: Buffer,
  ) {}

  upTo(to: number): RecordBatch | undefined {
    if (chunkNext(this.bytes) > to) return undefined;
    return (this.taken ??= this.take());
  }

  private take(): RecordBatch {
    const records: LogRecord[] = [];
    const nextOffset = chunkNext(this.bytes);
    readChunk(this.bytes, this.base, { from: this.base, to: nextOffset }, records);
    const { topic, partition } = this.partition;
    return { topic, partition, records, nextOffset };
  }
}
