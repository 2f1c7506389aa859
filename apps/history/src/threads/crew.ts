// Whether a command's work is spread over threads, and over how many. Invariant: what is asked for is what is taken, as far as there
// are partitions; unasked, threads are started only where there is more to read than starting them costs.
import { INPUTS, type TopicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import type { Surroundings, Threads } from '../surroundings.js';

/** A thread takes about half a second until it works. */
const WORTH_RECORDS = 300_000;

export interface Work {
  readonly partitions: number;
  /** About how many are to be read. */
  readonly records: number;
  /** As asked for. */
  readonly workers?: number;
}

export interface Crew extends Pick<Threads, 'start'> {
  readonly threads: number;
}

/** undefined = everything in this thread. */
export function crewFor({ threads }: Surroundings, { partitions, records, workers }: Work): Crew | undefined {
  if (threads === undefined || (workers === undefined && records < WORTH_RECORDS)) return undefined;
  const wanted = Math.min(workers ?? threads.cores, partitions);
  return wanted <= 1 ? undefined : { start: threads.start, threads: wanted };
}

/** How many inputs the log holds. */
export async function inputsIn(log: EventLog, topics: TopicNames): Promise<number> {
  let inputs = 0;
  for (const word of INPUTS) {
    const [starts, ends] = [await log.starts(topics[word]), await log.ends(topics[word])];
    for (const [partition, end] of ends.entries()) inputs += end - (starts[partition] ?? 0);
  }
  return inputs;
}
