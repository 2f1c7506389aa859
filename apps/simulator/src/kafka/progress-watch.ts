// How far an aggregator has come, read from outside: the last `!progress` of each partition of the states topic.
// Invariant: it reads a handful of records a look, so that looking costs the broker next to nothing.
import { PROGRESS_KEY, decodeProgress } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';

/** A transaction ends with the progress record and the broker's marker. */
const TAIL_RECORDS = 4;

/** Inputs taken, summed over all partitions. */
export async function inputsTaken(log: EventLog, states: string): Promise<number> {
  return (await inputsTakenOf(log, states)).reduce((sum, its) => sum + its, 0);
}

/** Inputs taken, a number per partition. */
export async function inputsTakenOf(log: EventLog, states: string): Promise<readonly number[]> {
  const ends = await log.ends(states);
  return Promise.all(ends.map((end, partition) => takenOf(log, states, partition, end)));
}

async function takenOf(log: EventLog, states: string, partition: number, end: number): Promise<number> {
  if (end === 0) return 0;
  let taken = 0;
  for await (const { records } of log.read(states, partition, Math.max(0, end - TAIL_RECORDS), end)) {
    for (const { key, value } of records) {
      if (key === null || value === null || Buffer.from(key).toString() !== PROGRESS_KEY) continue;
      const progress = decodeProgress(Buffer.from(value).toString());
      if (progress.ok) taken = progress.record.inputs.reduce((sum, { nextOffset }) => sum + nextOffset, 0);
    }
  }
  return taken;
}

/** Records in a topic, control records counted. */
export async function endOf(log: EventLog, topic: string): Promise<number> {
  return (await log.ends(topic)).reduce((sum, end) => sum + end, 0);
}
