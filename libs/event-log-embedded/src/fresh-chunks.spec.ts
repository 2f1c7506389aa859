// What was just committed is handed to readers who keep up without a look at the disk, once for all of them; and nobody is
// shown what compaction has taken away.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventLog, RecordBatch } from '#libs/event-log';
import { EmbeddedEventLog } from './embedded-event-log.js';

let directory: string;
let log: EmbeddedEventLog;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rollcall-fresh-'));
  log = await EmbeddedEventLog.open({ directory, upkeepMs: 0 });
  await log.createTopics([
    { name: 'kept', partitions: 2, cleanup: 'delete', timestamps: 'append' },
    { name: 'latest', partitions: 1, cleanup: 'compact', timestamps: 'append' },
  ]);
});

afterEach(async () => {
  await log.close();
  rmSync(directory, { recursive: true });
});

async function tailInto(batches: RecordBatch[], topic: string): Promise<void> {
  const onError = (error: Error): never => {
    throw error;
  };
  await log.tail({ topics: new Map([[topic, 'end']]), onBatch: (batch) => void batches.push(batch), onError });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

async function valuesOf(from: EventLog, topic: string): Promise<string[]> {
  const values: string[] = [];
  const [end = 0] = await from.ends(topic);
  for await (const { records } of from.read(topic, 0, 0, end))
    for (const { value } of records) values.push(Buffer.from(value ?? []).toString());
  return values;
}

it('is the same batch for every reader who keeps up', async () => {
  const [one, other]: [RecordBatch[], RecordBatch[]] = [[], []];
  await tailInto(one, 'kept');
  await tailInto(other, 'kept');
  for (let round = 1; round <= 20; round++) {
    const records = [0, 1].map((partition) => ({ key: null, value: `${round}`, headers: { round: '1' }, partition }));
    await log.append('kept', records);
    await until(() => one.length === 2 * round && other.length === 2 * round);
  }
  expect(one.map((batch, index) => batch === other[index])).toEqual(one.map(() => true));
  expect(one.flatMap(({ records }) => records.map(({ value }) => Buffer.from(value ?? []).toString()))).toEqual(
    Array.from({ length: 40 }, (_, index) => `${Math.floor(index / 2) + 1}`),
  );
});

it('is the same to read as what the disk holds', async () => {
  await log.append('kept', [
    { key: 'a', value: 'one', partition: 0 },
    { key: 'b', value: null, partition: 0, headers: { why: 'gone' } },
  ]);
  const read = async (): Promise<unknown[]> => {
    const found: unknown[] = [];
    for await (const { records, nextOffset } of log.read('kept', 0, 0, 2))
      found.push(
        nextOffset,
        ...records.map(({ key, value, ...rest }) => ({ ...rest, key: text(key), value: text(value) })),
      );
    return found;
  };
  const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString());
  const fresh = await read();
  for (let later = 0; later < 3; later++) await log.append('latest', [{ key: 'x', value: 'y' }]);
  expect(await read()).toEqual(fresh);
  expect(fresh).toHaveLength(3);
});

it('holds nothing that compaction has taken away', async () => {
  await log.append('latest', [{ key: 'k', value: 'first' }]);
  await log.append('latest', [{ key: 'k', value: 'second' }]);
  expect(await valuesOf(log, 'latest')).toEqual(['first', 'second']);
  await log.housekeep();
  expect(await valuesOf(log, 'latest')).toEqual(['second']);
});
