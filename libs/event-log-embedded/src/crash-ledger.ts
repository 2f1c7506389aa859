// What a killed writer had been promised, held against what its log holds afterwards. Invariant of the log under test:
// nothing acknowledged is lost, nothing is there twice, transactions are whole, offsets have no holes.
import type { EventLog, LogRecord } from '#libs/event-log';

export interface Evidence {
  readonly appends: readonly string[];
  readonly outputs: readonly string[];
  /** The value last written under the key `progress` of the compacted topic. */
  readonly progress: string | undefined;
  /** The metadata of the position committed with the last transaction. */
  readonly committed: string | undefined;
  /** Faults found while reading: holes, keys twice. */
  readonly faults: readonly string[];
}

const PARTS = 6;

const readAll = async (log: EventLog, topic: string): Promise<LogRecord[][]> => {
  const ends = await log.ends(topic);
  return Promise.all(
    ends.map(async (end, partition) => {
      const records: LogRecord[] = [];
      for await (const batch of log.read(topic, partition, 0, end)) records.push(...batch.records);
      return records;
    }),
  );
};

const text = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString();

/** Reads everything that the crash writer's topics hold. */
export const gatherEvidence = async (log: EventLog): Promise<Evidence> => {
  const faults: string[] = [];
  const values = async (topic: string): Promise<string[]> => {
    const partitions = await readAll(log, topic);
    partitions.forEach((records, partition) => {
      const hole = records.findIndex((record, i) => record.offset !== i);
      if (hole >= 0) faults.push(`${topic}-${partition}: a hole before ${records[hole]?.offset}`);
    });
    return partitions.flat().map((record) => text(record.value));
  };
  const latest = new Map((await readAll(log, 'latest')).flat().map((record) => [text(record.key), text(record.value)]));
  return {
    appends: await values('appends'),
    outputs: await values('outputs'),
    progress: latest.get('progress'),
    committed: (await log.committed('g', 'outputs')).get(0)?.metadata,
    faults,
  };
};

const twice = (values: readonly string[]): string[] => {
  const seen = new Set<string>();
  return values.filter((value) => seen.size === seen.add(value).size).map((value) => `${value} is there twice`);
};

const wholeTransactions = (outputs: readonly string[]): { whole: Set<string>; halves: string[] } => {
  const counts = new Map<string, number>();
  for (const output of outputs) {
    const transaction = output.slice(0, output.lastIndexOf('.'));
    counts.set(transaction, (counts.get(transaction) ?? 0) + 1);
  }
  const halves = [...counts]
    .filter(([, count]) => count !== PARTS)
    .map(([name, count]) => `${name} has ${count} of ${PARTS} parts`);
  return { whole: new Set(counts.keys()), halves };
};

/** Every way in which the log broke a promise; empty = it kept them all. */
export const brokenPromises = (acknowledged: readonly string[], evidence: Evidence): string[] => {
  const appends = new Set(evidence.appends);
  const { whole, halves } = wholeTransactions(evidence.outputs);
  const lost = acknowledged
    .filter((value) => !(value.startsWith('a.') ? appends : whole).has(value))
    .map((value) => `${value} is lost`);
  const last = [...whole].at(-1);
  const apart =
    evidence.progress === evidence.committed ? [] : [`progress ${evidence.progress}, committed ${evidence.committed}`];
  const behind =
    last === undefined || whole.has(evidence.progress ?? '')
      ? []
      : [`progress ${evidence.progress} without its outputs`];
  return [
    ...evidence.faults,
    ...lost,
    ...twice(evidence.appends),
    ...twice(evidence.outputs),
    ...halves,
    ...apart,
    ...behind,
  ];
};
