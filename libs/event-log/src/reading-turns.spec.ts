// How many turns of the loop readers in this process take: one for many small batches, several where there is much to read.
import { MemoryEventLog } from './memory-event-log.js';
import type { RecordBatch } from './port.js';

const PARTITIONS = 8;
const TOPIC = 't';

/** Counts turns of the loop until it is stopped. */
function turns(): { readonly now: () => number; readonly stop: () => void } {
  let turn = 0;
  let isStopped = false;
  const next = (): void => {
    turn += 1;
    if (!isStopped) setImmediate(next);
  };
  next();
  return { now: () => turn, stop: () => (isStopped = true) };
}

/** The turns in which a reader was handed its batches, of so many records in every partition. */
async function turnsOfReading(reader: 'tail' | 'group', recordsEach: number): Promise<number[]> {
  const log = new MemoryEventLog();
  await log.createTopics([{ name: TOPIC, partitions: PARTITIONS, cleanup: 'delete', timestamps: 'append' }]);
  const loop = turns();
  const seen: number[] = [];
  let all: () => void = () => undefined;
  const read = new Promise<void>((resolve) => (all = resolve));
  let left = PARTITIONS * recordsEach;
  const onBatch = ({ records }: RecordBatch): void => {
    seen.push(loop.now());
    left -= records.length;
    if (left === 0) all();
  };
  const onError = (error: Error): never => {
    throw error;
  };
  if (reader === 'tail') await log.tail({ topics: new Map([[TOPIC, 'start']]), onBatch, onError });
  else {
    let tell: (partitions: readonly number[]) => void = () => undefined;
    const assigned = new Promise<readonly number[]>((resolve) => (tell = resolve));
    const member = await log.join({
      group: 'g',
      topics: [TOPIC],
      onAssigned: (partitions) => tell(partitions),
      onRevoked: () => undefined,
      onBatch,
      onError,
    });
    for (const partition of await assigned) member.seek(TOPIC, partition, 0);
  }
  const records = Array.from({ length: PARTITIONS * recordsEach }, (_, index) => ({
    key: null,
    value: 'x',
    partition: index % PARTITIONS,
  }));
  await log.append(TOPIC, records);
  await read;
  loop.stop();
  await log.close();
  return seen;
}

describe.each(['tail', 'group'] as const)('a %s', (reader) => {
  it('is handed small batches of all partitions in one turn', async () => {
    const seen = await turnsOfReading(reader, 1);
    expect(seen).toHaveLength(PARTITIONS);
    expect(new Set(seen).size).toBe(1);
  });

  it('lets others have their turn while there is much to read', async () => {
    expect(new Set(await turnsOfReading(reader, 300)).size).toBeGreaterThan(2);
  });
});
