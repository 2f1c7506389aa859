// Whether a command's work is spread over threads, and over how many. Invariant: what is asked for is what is taken, as far as there
// are partitions; unasked, threads are started only where there is more to read than starting them costs.
import { INPUTS, type TopicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import type { Surroundings, Threads } from '../surroundings.js';

/** A thread takes one to two seconds of a core until it works; folding so many takes that too. */
export const WORTH_FOLDING = 300_000;
/** Looking for the last changes passes over most of them. */
export const WORTH_LOOKING = 10_000_000;

export interface Work {
  readonly partitions: number;
  /** About how many are to be read. */
  readonly records: number;
  /** How many are worth a thread. */
  readonly worth: number;
  /** As asked for. */
  readonly workers?: number;
}

export interface Crew extends Pick<Threads, 'start'> {
  readonly threads: number;
}

/** undefined = everything in this thread. */
export function crewFor({ threads }: Surroundings, { partitions, records, worth, workers }: Work): Crew | undefined {
  if (threads === undefined || (workers === undefined && records < worth)) return undefined;
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
