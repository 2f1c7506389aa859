// The records that a re-fold asks for, read from the log as they are wanted. Invariant: each source is read once, from its start to
// its end, and closed whatever happens. It stands apart so that what compares knows no log.
import { INPUTS, type OrderPoint, type TopicNames } from '#libs/contracts';
import type { EventLog, RecordBatch } from '#libs/event-log';
import { type PartitionRefold } from './partition-refold.js';
import type { RecordFeed } from './record-feed.js';

interface Source {
  readonly feed: RecordFeed;
  readonly batches: AsyncIterator<RecordBatch>;
}

export class RefoldSources<Name extends string> {
  readonly #sources = new Map<Name, Source>();

  add(name: Name, feed: RecordFeed, batches: AsyncIterable<RecordBatch>): void {
    this.#sources.set(name, { feed, batches: batches[Symbol.asyncIterator]() });
  }

  /** Reads one more batch of a source. */
  async more(name: Name): Promise<void> {
    const { feed, batches } = this.#sources.get(name)!;
    const next = await batches.next();
    if (next.done === true) feed.end();
    else feed.push(next.value);
  }

  async close(): Promise<void> {
    for (const { batches } of this.#sources.values()) await batches.return?.();
  }
}

/** Both inputs of a re-fold, from where it starts. */
export function addInputs(
  sources: RefoldSources<string>,
  refold: PartitionRefold,
  {
    log,
    topics,
    partition,
    upTo,
  }: {
    readonly log: EventLog;
    readonly topics: TopicNames;
    readonly partition: number;
    /** Last offsets wanted. */
    readonly upTo: OrderPoint;
  },
): void {
  for (const [input, word] of INPUTS.entries()) {
    const from = refold.taken[input]! + 1;
    const to = Math.max(from, upTo[input]! + 1);
    sources.add(word, refold.feeds[input]!, log.read(topics[word], partition, from, to));
  }
}
