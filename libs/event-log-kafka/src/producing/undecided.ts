// Transactions that their coordinator decided and whose end never reached their partitions. A coordinator of Kafka 4.3 that
// starts again takes partitions without a leader for deleted ones and leaves them out, so that a commit is complete for it and
// undecided for readers, until the next transaction of the same producer there ends, and this one with it, either way.
// Invariant: what is found so is ended as its coordinator had decided, before anything is read or written on top of it.
import { type TopicPartition, TransactionError } from '#libs/event-log';
import { listOffsets } from '../reading/offsets.js';
import { describeTransactionRequest } from '../wire/describe-transaction-request.js';
import { typeOf } from '../wire/faults.js';
import type { Link } from '../wire/link.js';
import type { Wire } from '../wire/wire.js';

export type Decision = 'commit' | 'abort';

const LOOK_AGAIN_MS = 20;
const COMMITTING = new Set(['PrepareCommit', 'CompleteCommit']);

/** As the coordinator tells it; undefined = of this id there is none, or its end was not seen: an heir came in between. */
export async function decisionOf(link: Link, id: string): Promise<Decision | undefined> {
  try {
    const state = await link.send(describeTransactionRequest(id));
    if (state === 'Empty') return undefined;
    return COMMITTING.has(state) ? 'commit' : 'abort';
  } catch (error) {
    if (typeOf(error) === 'TRANSACTIONAL_ID_NOT_FOUND') return undefined;
    throw error;
  }
}

interface Ends {
  readonly stable: readonly number[];
  readonly written: readonly number[];
}

async function endsOf(wire: Wire, topics: ReadonlySet<string>): Promise<ReadonlyMap<string, Ends>> {
  const ends = await Promise.all(
    [...topics].map(async (topic): Promise<[string, Ends]> => {
      // What is written is asked for first: it lies before what is stable by then, unless something is undecided.
      const written = await listOffsets(wire, topic, 'written');
      return [topic, { written, stable: await listOffsets(wire, topic, 'stable') }];
    }),
  );
  return new Map(ends);
}

/** Of these partitions those in which something is undecided. */
export async function undecidedIn(wire: Wire, partitions: readonly TopicPartition[]): Promise<TopicPartition[]> {
  const ends = await endsOf(wire, new Set(partitions.map(({ topic }) => topic)));
  return partitions.filter(({ topic, partition }) => {
    const { stable, written } = ends.get(topic)!;
    return (stable[partition] ?? 0) < (written[partition] ?? 0);
  });
}

/** Resolves when readers see everything that is written there now; rejects when they do not in that time. */
export async function untilShown(wire: Wire, partitions: readonly TopicPartition[], limitMs: number): Promise<void> {
  const topics = new Set(partitions.map(({ topic }) => topic));
  const wanted = await endsOf(wire, topics);
  const until = performance.now() + limitMs;
  for (let ends = wanted; ; ends = await endsOf(wire, topics)) {
    const hidden = partitions.filter(
      ({ topic, partition }) =>
        (ends.get(topic)!.stable[partition] ?? 0) < (wanted.get(topic)!.written[partition] ?? 0),
    );
    if (hidden.length === 0) return;
    if (performance.now() > until) {
      const names = hidden.map(({ topic, partition }) => `${topic}-${partition}`).join(', ');
      throw new TransactionError(`it was committed, and readers of ${names} do not see it: its end never came there`);
    }
    await wire.sleep(LOOK_AGAIN_MS);
  }
}
