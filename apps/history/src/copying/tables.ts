// Copies what is known of every user: states and registers, the last of each, and at the end how far the new inputs are taken:
// not at all. Invariant: `!progress` is written last, when everything that it vouches for is there.
import { INPUTS, PROGRESS_KEY, encodeProgress } from '#libs/contracts';
import type { CopyWriter } from './copy-writer.js';
import { type ImageOrder, readImage } from './partition-image.js';
import type { OpenPlace } from './places.js';

export interface TableOrder {
  readonly source: ImageOrder;
  readonly to: OpenPlace;
  readonly partitions: number;
  readonly writer: CopyWriter;
  /** Something of an earlier try may be there that the source no longer has. */
  readonly isResumed: boolean;
}

const TABLES = ['states', 'registers'] as const;

/** Resolves to the times that the inputs had reached, in the order of INPUTS. */
export async function copyTables(order: TableOrder): Promise<readonly number[]> {
  const { source, to, partitions, writer, isResumed } = order;
  const reachedMs = INPUTS.map(() => -Infinity);
  const kept = { states: new Set<string>(), registers: new Set<string>() };
  for (let partition = 0; partition < source.partitions; partition += 1) {
    const image = await readImage(source, partition);
    for (const [input, position] of (image.progress?.inputs ?? []).entries())
      reachedMs[input] = Math.max(reachedMs[input]!, position.reachedMs);
    for (const table of TABLES) {
      for (const [key, { value, headers, timestampMs }] of image[table]) {
        const record = { key, value, timestampMs, partition: to.log.partitionOf(key, partitions) };
        await writer.add(to.topics[table], headers === undefined ? record : { ...record, headers });
        if (isResumed) kept[table].add(key);
      }
    }
  }
  if (isResumed) for (const table of TABLES) await removeOthers(order, to.topics[table], kept[table]);
  await writer.flush();
  return reachedMs;
}

async function removeOthers({ to, writer }: TableOrder, topic: string, kept: ReadonlySet<string>): Promise<void> {
  await writer.flush();
  for (const [partition, end] of (await to.log.ends(topic)).entries()) {
    const others = new Set<string>();
    for await (const { records } of to.log.read(topic, partition, 0, end)) {
      for (const { key, value } of records) {
        const text = key === null ? '' : Buffer.from(key).toString();
        if (value !== null && !kept.has(text)) others.add(text);
        else others.delete(text);
      }
    }
    for (const key of others) await writer.add(topic, { key, value: null, partition });
  }
}

/**
 * The first aggregator goes on from here: no input taken, but time as far as the old inputs had reached, the same for all
 * partitions, since a partition now has users of several. Deadlines passed meanwhile fire at their own times.
 */
export async function writeProgress(
  { to, partitions, writer }: TableOrder,
  reachedMs: readonly number[],
): Promise<void> {
  const starts = await Promise.all(INPUTS.map((input) => to.log.starts(to.topics[input])));
  for (let partition = 0; partition < partitions; partition += 1) {
    const inputs = reachedMs.map((ms, input) => ({ nextOffset: starts[input]![partition]!, reachedMs: ms }));
    const value = encodeProgress({ inputs, checkpoint: inputs, acceptedLoss: [] });
    await writer.add(to.topics.states, { key: PROGRESS_KEY, value, partition });
  }
  await writer.flush();
}
