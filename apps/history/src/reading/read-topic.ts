// `rollcall log read`: all partitions, one after the other, by offset, to the end as it was at the start; then, on demand,
// whatever comes. Invariant: a record is printed once, and nothing is printed that is not committed.
import type { EventLog, RecordBatch, TopicDescription } from '#libs/event-log';
import { Failure } from '../failure.js';
import type { Output } from '../surroundings.js';
import { recordLine } from './record-line.js';

export interface ReadOptions {
  readonly log: EventLog;
  readonly topic: TopicDescription;
  /** Absent: all. */
  readonly partition?: number;
  /** The first offset of each partition; absent: the log's start. */
  readonly from?: number;
  readonly follow: boolean;
  readonly stdout: Output;
  readonly ending: AbortSignal;
}

async function printBatch({ stdout, from = 0 }: ReadOptions, { partition, records }: RecordBatch): Promise<void> {
  const wanted = records.filter(({ offset }) => offset >= from);
  if (wanted.length > 0) await stdout.write(wanted.map((record) => recordLine(partition, record)).join(''));
}

export async function readTopic(options: ReadOptions): Promise<void> {
  const { log, topic, partition, from = 0, follow, ending } = options;
  if (partition !== undefined && partition >= topic.partitions) {
    throw new Failure(
      `${topic.name} has ${topic.partitions} partitions, 0 to ${topic.partitions - 1}: there is no partition ${partition}`,
    );
  }
  const ends = await log.ends(topic.name);
  const chosen = partition === undefined ? ends.keys() : [partition];
  for (const index of chosen) {
    for await (const batch of log.read(topic.name, index, from, ends[index] ?? 0)) {
      await printBatch(options, batch);
      if (ending.aborted) return;
    }
  }
  if (follow) await followTopic(options, ends);
}

async function followTopic(options: ReadOptions, ends: readonly number[]): Promise<void> {
  const { log, topic, partition, ending } = options;
  let fail: (error: Error) => void = () => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    fail = reject;
    if (ending.aborted) resolve();
    ending.addEventListener('abort', () => resolve(), { once: true });
  });
  const tail = await log.tail({
    topics: new Map([[topic.name, ends]]),
    onBatch: (batch) =>
      partition === undefined || batch.partition === partition ? printBatch(options, batch) : undefined,
    onError: (error, fatal) => {
      if (fatal) fail(error);
    },
  });
  try {
    await ended;
  } finally {
    await tail.close();
  }
}
