// Compaction, as Kafka's cleaner does it: appends cost nothing extra; when as much was written since as was left clean, a
// pass learns the last offset of every key in the dirty part and rewrites the partition without what is superseded.
// Invariant: the last record of every key stays, with its offset and time; readers meet gaps, never wrong records.
// (Superseding at append would touch random pages of LMDB for every record; that was reasoned, not measured.)
import type { LogRecord } from '#libs/event-log';
import { ChunkBuilder, chunkLatestMs, chunkNext, readChunk } from './chunk.js';
import { chunkKey } from './layout.js';
import type { Partition } from './partition.js';
import type { Stores } from './retention.js';

/** Distinct keys learned in one pass, so that memory is bounded; what is beyond waits for the next pass. */
const PASS_KEYS = 200_000;
const STEP_CHUNKS = 32;
const STEP_BYTES = 256 << 10;
/** Less dirt than this is not worth a pass. */
const WORTHWHILE_BYTES = 1 << 20;

export interface CleaningPolicy {
  readonly nowMs: number;
  /** Records younger than this supersede nothing yet, and are not superseded. */
  readonly lagMs: number;
  /** Tombstones younger than this stay. */
  readonly tombstoneLagMs: number;
}

interface Pass {
  readonly latest: Map<string, number>;
  /** Everything before this offset is cleaned by this pass. */
  readonly to: number;
  readonly dirtyBytes: number;
}

interface Found {
  readonly base: number;
  readonly bytes: Buffer;
}

const nameOf = (key: Uint8Array | null): string => (key === null ? '' : (key as Buffer).toString('latin1'));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Whether a pass would pay. */
export const isDirty = ({ head }: Partition): boolean => head.dirtyBytes >= Math.max(WORTHWHILE_BYTES, head.cleanBytes);

/** Chunks in steps of bounded size, with a turn for everybody else after each. */
async function* steps({ reader }: Stores, partition: Partition, from: number, to: number): AsyncGenerator<Found[]> {
  let position = from;
  for (;;) {
    const found: Found[] = [];
    let bytes = 0;
    for (const chunk of reader.chunks(partition, position, to, STEP_CHUNKS)) {
      found.push(chunk);
      position = chunkNext(chunk.bytes);
      bytes += chunk.bytes.length;
      if (bytes >= STEP_BYTES) break;
    }
    if (found.length === 0) return;
    yield found;
    await turn();
  }
}

const recordsIn = ({ base, bytes }: Found): LogRecord[] => {
  const records: LogRecord[] = [];
  readChunk(bytes, base, { from: 0, to: Infinity }, records);
  return records;
};

/** Reads the dirty part as far as lag and memory allow. */
const learn = async (stores: Stores, partition: Partition, policy: CleaningPolicy): Promise<Pass> => {
  const latest = new Map<string, number>();
  let to = partition.head.cleanedTo;
  let dirtyBytes = 0;
  for await (const chunks of steps(stores, partition, to, partition.visibleNext)) {
    for (const chunk of chunks) {
      if (chunkLatestMs(chunk.bytes) > policy.nowMs - policy.lagMs || latest.size >= PASS_KEYS)
        return { latest, to, dirtyBytes };
      for (const record of recordsIn(chunk)) latest.set(nameOf(record.key), record.offset);
      to = chunkNext(chunk.bytes);
      dirtyBytes += chunk.bytes.length;
    }
  }
  return { latest, to, dirtyBytes };
};

/** What is left of some neighbouring chunks, packed. */
const rewrite = (chunks: readonly Found[], keeps: (record: LogRecord) => boolean): { kept: Found[]; lost: number } => {
  const kept: Found[] = [];
  let lost = 0;
  let builder: ChunkBuilder | undefined;
  const seal = (): void => {
    if (builder !== undefined) kept.push({ base: builder.base, bytes: builder.seal() });
    builder = undefined;
  };
  for (const record of chunks.flatMap(recordsIn)) {
    if (!keeps(record)) {
      lost++;
      continue;
    }
    if (builder?.takes(record.timestampMs) === false) seal();
    builder ??= new ChunkBuilder(record.offset, 4096);
    builder.add(record, record.offset, record.timestampMs);
  }
  seal();
  return { kept, lost };
};

const size = (chunks: readonly Found[]): number => chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);

/** One pass over a partition; resolves when it is on disk. */
export const compact = async (stores: Stores, partition: Partition, policy: CleaningPolicy): Promise<void> => {
  const pass = await learn(stores, partition, policy);
  const tombstonesUntilMs = policy.nowMs - Math.max(policy.lagMs, policy.tombstoneLagMs);
  const keeps = (record: LogRecord): boolean => {
    const latest = pass.latest.get(nameOf(record.key));
    if (latest !== undefined && latest > record.offset) return false;
    return record.value !== null || record.timestampMs > tombstonesUntilMs;
  };
  let cleanBytes = 0;
  for await (const chunks of steps(stores, partition, partition.visibleStart, pass.to)) {
    const { kept, lost } = rewrite(chunks, keeps);
    const pays = lost > 0 || kept.length * 2 <= chunks.length;
    cleanBytes += size(pays ? kept : chunks);
    if (!pays) continue;
    const group = stores.commits.group;
    group.rewrites = true;
    const key = ({ base }: Found): Buffer => chunkKey(partition.topicNumber, partition.partition, base);
    group.addUpkeep((writes) => {
      for (const chunk of chunks) writes.remove(key(chunk));
      for (const chunk of kept) writes.put(key(chunk), chunk.bytes);
    });
    await group.done;
  }
  const group = stores.commits.group;
  group.touch(partition);
  partition.head.cleanedTo = pass.to;
  partition.head.cleanBytes = cleanBytes;
  partition.head.dirtyBytes = Math.max(0, partition.head.dirtyBytes - pass.dirtyBytes);
  await group.done;
};
