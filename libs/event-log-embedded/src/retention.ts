// Retention by time, and the removal of what deleted topics left. Invariant: a log's start moves only forward, over whole
// chunks whose every record is too old; each step is one small transaction, so that writers hardly notice.
import type { ChunkReader } from './chunk-reader.js';
import { chunkLatestMs, chunkNext } from './chunk.js';
import type { Environment } from './environment.js';
import type { GroupCommit } from './group-commit.js';
import { afterPrefix, chunkKey, headKey, trashKey } from './layout.js';
import type { Partition } from './partition.js';
import type { Trash } from './topic-registry.js';

/** Chunks removed in one transaction. */
const STEP_CHUNKS = 64;

export interface Stores {
  readonly environment: Environment;
  readonly reader: ChunkReader;
  readonly commits: GroupCommit;
}

/** Removes what is older than `oldestMs`, to the end. */
export const retain = async (stores: Stores, partition: Partition, oldestMs: number): Promise<void> => {
  for (;;) {
    const keys: Buffer[] = [];
    let start = partition.visibleStart;
    for (const { base, bytes } of stores.reader.chunks(partition, start, partition.visibleNext, STEP_CHUNKS)) {
      if (chunkLatestMs(bytes) >= oldestMs) break;
      keys.push(chunkKey(partition.topicNumber, partition.partition, base));
      start = chunkNext(bytes);
    }
    if (keys.length === 0) return;
    const group = stores.commits.group;
    group.touch(partition);
    partition.head.start = start;
    group.addUpkeep((writes) => keys.forEach((key) => writes.remove(key)));
    await group.done;
    if (keys.length < STEP_CHUNKS) return;
  }
};

/** Removes all chunks and heads of a deleted topic, then the note that it is to be done. */
export const removeTrash = async ({ environment, commits }: Stores, { number, partitions }: Trash): Promise<void> => {
  const prefix = chunkKey(number, 0, 0).subarray(0, 5);
  for (;;) {
    const keys = [...environment.database.getKeys({ start: prefix, end: afterPrefix(prefix), limit: STEP_CHUNKS })];
    const group = commits.group;
    group.addUpkeep((writes) => {
      for (const key of keys) writes.remove(key);
      if (keys.length > 0) return;
      for (let partition = 0; partition < partitions; partition++) writes.remove(headKey(number, partition));
      writes.remove(trashKey(number));
    });
    await group.done;
    if (keys.length === 0) return;
  }
};
