// What an adapter that lives in this process gives to the readers that all such adapters share: synchronous looks at
// committed records. Invariant: nothing undecided is ever visible here but to members who asked to be early, who are told
// when it is lost. It stands apart so that tails and groups are written once for memory and LMDB.
import { OffsetOutOfRangeError } from './errors.js';
import type { RecordBatch } from './port.js';

export interface LocalStore {
  /** How many partitions; throws UnknownTopicError. */
  partitions(topic: string): number;
  start(topic: string, partition: number): number;
  /** The stable end as readers see it now. */
  end(topic: string, partition: number): number;
  /** One bounded batch of what lies in [from, to), with from < to ≤ end; its nextOffset is > from and ≤ to. */
  readBatch(topic: string, partition: number, from: number, to: number): RecordBatch;
  /** Where the records end that will be committed next, with everything written from now on. Absent = nobody is early. */
  pendingEnd?(topic: string, partition: number): number;
  /** All of them from here on, with stable end ≤ from < pending end; undefined = they can be read once they are committed. */
  readPending?(topic: string, partition: number, from: number): RecordBatch | undefined;
  nowMs(): number;
}

/** A reader of many small batches takes so many records in one turn of the loop: a turn costs more than a small batch. */
export const TURN_RECORDS = 500;

/** Lets everything else of the process have its turn. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The port's `read` over a local store. */
export async function* readLocal(
  store: LocalStore,
  topic: string,
  partition: number,
  range: { readonly from: number; readonly to: number },
): AsyncGenerator<RecordBatch> {
  if (range.to > store.end(topic, partition)) {
    throw new OffsetOutOfRangeError(`${topic}-${partition} ends at ${store.end(topic, partition)}, before ${range.to}`);
  }
  let position = Math.max(range.from, store.start(topic, partition));
  while (position < range.to) {
    const batch = store.readBatch(topic, partition, position, range.to);
    position = batch.nextOffset;
    yield batch;
    await nextTurn();
  }
}
