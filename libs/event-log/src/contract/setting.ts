// What every part of the contract suite stands on: the log under test, names of its own for every test, and waiting by
// polling. It stands apart so that the parts stay small. Nothing here assumes that anything is immediate.
import type { EventLog, LogRecord, NewRecord, RecordBatch, TopicSpec } from '../port.js';

export interface LogUnderTest {
  readonly log: EventLog;
  /** Another connection to the same log, where the adapter allows one (Kafka); absent = `log` itself is used twice. */
  readonly second?: EventLog;
  /** Steps the log's own clock; absent where its time cannot be stepped: the tests that need it are skipped. */
  readonly advanceMs?: (ms: number) => void;
  /** Applies all compaction and retention that is due; absent where it cannot be forced: those tests are skipped. */
  readonly housekeep?: () => Promise<void>;
  /** Leaves offsets without readable records at the end of a partition, as an aborted transaction does. */
  readonly leaveAborted?: (topic: string, partition: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What cannot be found out by looking at the log under test, since tests are named before it is opened. */
export interface ContractCapabilities {
  /** `housekeep` is there. */
  readonly housekeeping: boolean;
  /** `advanceMs` is there. */
  readonly steppedTime: boolean;
  /** `leaveAborted` is there. */
  readonly abortedTransactions: boolean;
  /** A record that is too large for the log, in bytes (default 3,000,000). */
  readonly tooLargeBytes?: number;
  /** Milliseconds for one test (default 30,000). */
  readonly testTimeoutMs?: number;
}

/** The suite's own access to what `beforeAll` opened. */
export interface Setting {
  readonly under: () => LogUnderTest;
  readonly log: () => EventLog;
  readonly capabilities: ContractCapabilities;
}

const run = `${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;
let names = 0;

/** A name that no other test or run uses. */
export const freshName = (word: string): string => `contract.${run}.${++names}.${word}`;

export const text = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString();

/** Creates a topic of its own for a test and returns its name. */
export const freshTopic = async (log: EventLog, word: string, shape: Partial<TopicSpec> = {}): Promise<string> => {
  const name = freshName(word);
  await log.createTopics([{ partitions: 1, cleanup: 'delete', timestamps: 'append', ...shape, name }]);
  return name;
};

/** How long a test polls before it gives up; shortened where the suite itself is tested. */
export const patience = { ms: 20_000 };

/** Polls until `holds`; says what was last seen when it never does. */
export const until = async <T>(look: () => T | Promise<T>, holds: (seen: T) => boolean): Promise<T> => {
  const deadlineMs = Date.now() + patience.ms;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() > deadlineMs) throw new Error(`Never so; last seen: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** All batches of a partition between two offsets. */
export const batchesOf = async (
  log: EventLog,
  topic: string,
  partition = 0,
  range?: { from: number; to: number },
): Promise<RecordBatch[]> => {
  const { from, to } = range ?? { from: 0, to: (await log.ends(topic))[partition] ?? 0 };
  const batches: RecordBatch[] = [];
  for await (const batch of log.read(topic, partition, from, to)) batches.push(batch);
  return batches;
};

/** All records of a partition up to its end now. */
export const recordsOf = async (log: EventLog, topic: string, partition = 0): Promise<LogRecord[]> =>
  (await batchesOf(log, topic, partition)).flatMap((batch) => batch.records);

/** All values of a topic, partition after partition. */
export const valuesOf = async (log: EventLog, topic: string): Promise<(string | null)[]> => {
  const partitions = (await log.ends(topic)).length;
  const values: (string | null)[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    for (const record of await recordsOf(log, topic, partition)) values.push(text(record.value));
  }
  return values;
};

export const numbered = (count: number, word = 'v', from = 0): NewRecord[] =>
  Array.from({ length: count }, (_, i) => ({ key: `k${from + i}`, value: `${word}${from + i}` }));
