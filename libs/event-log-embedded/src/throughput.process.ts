// How fast the embedded log is on this machine: one JSON line a measure. Arguments: a directory (a fresh one is made in
// it) and the seconds for each measure. By hand: `node --conditions=source --import ./libs/testing/src/source-loader.mjs`
// and this file. Its spec only sees that it runs, since no test depends on a wall-clock figure.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { NewRecord, TopicSpec } from '#libs/event-log';
import { EmbeddedEventLog } from './index.js';

const SECONDS = Number(process.argv[3] ?? 2);
const place = mkdtempSync(join(process.argv[2] ?? '/tmp', 'rollcall-throughput-'));
const report = (measure: string, perSecond: number, more: object = {}): void =>
  void process.stdout.write(`${JSON.stringify({ measure, perSecond: Math.round(perSecond), ...more })}\n`);

const VALUE = `{"type":"device.active","v":1,"user_id":"@someone17:example.org","device_id":"ABCDEFGHIJ","pad":"${'x'.repeat(60)}"}`;
const records = (count: number, from = 0): NewRecord[] =>
  Array.from({ length: count }, (_, i) => ({ key: `@user${(from + i) % 200_000}:example.org`, value: VALUE }));

const spec = (name: string, cleanup: TopicSpec['cleanup'] = 'delete'): TopicSpec => ({
  name,
  partitions: 8,
  cleanup,
  timestamps: 'append',
});
const log = await EmbeddedEventLog.open({ directory: join(place, 'log') });
await log.createTopics([spec('batched'), spec('single'), spec('out'), spec('tailed'), spec('state', 'compact')]);

/** Runs `act` for about `seconds` and reports how many of what it returns happened in a second. */
const timed = async (measure: string, act: (round: number) => Promise<number>): Promise<void> => {
  await act(0);
  const [cpu, start] = [process.cpuUsage(), performance.now()];
  let done = 0;
  let round = 1;
  while (performance.now() - start < SECONDS * 1000) done += await act(round++);
  const elapsed = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  report(measure, done / elapsed, { cpuSecondsPerMillion: +((user + system) / done).toFixed(2) });
};

report('cpus', cpus().length);
const batch = records(5000);
await timed('append, batches of 5000', async () => (await log.append('batched', batch)).length);
await timed('append, 4 batches of 1000 at once', async () => {
  await Promise.all([0, 1, 2, 3].map((i) => log.append('batched', batch.slice(i * 1000, i * 1000 + 1000))));
  return 4000;
});
await timed('append, one record each, 200 at once', async (round) => {
  await Promise.all(records(200, round * 200).map((record) => log.append('single', [record])));
  return 200;
});
await timed('append, one record at a time', async () => (await log.append('single', [batch[0] as NewRecord])).length);
const transactor = await log.transactor('t');
await timed('transactions of 2000 changes, 2000 states, a position', async (round) => {
  const positions = [{ topic: 'batched', partition: 0, offset: round }];
  const [changes, states] = [records(2000, round * 2000), records(2000, round * 2000)];
  await transactor.transact({
    appends: [
      { topic: 'out', records: changes },
      { topic: 'state', records: states },
    ],
    offsets: { group: 'g', positions },
  });
  return 4000;
});
await timed('transactions of 1 change and 2 states, one after the other', async (round) => {
  const states = records(2, round);
  await transactor.transact({
    appends: [
      { topic: 'out', records: states.slice(0, 1) },
      { topic: 'state', records: states },
    ],
  });
  return 1;
});

const readAll = async (topic: string): Promise<number> => {
  let count = 0;
  const ends = await log.ends(topic);
  for (let partition = 0; partition < ends.length; partition++) {
    for await (const { records: read } of log.read(topic, partition, 0, ends[partition] ?? 0)) count += read.length;
  }
  return count;
};
await timed('read, chunks of batches', () => readAll('batched'));
await timed('read, chunks of single appends', () => readAll('single'));

let tailed = 0;
const tail = await log.tail({
  topics: new Map([['tailed', 'end']]),
  onBatch: (b) => void (tailed += b.records.length),
  onError: () => undefined,
});
await timed('append and tail, batches of 5000', async () => (await log.append('tailed', batch)).length);
await tail.close();
report('tail saw', tailed);

const state = (await log.ends('state')).reduce((sum, end) => sum + end, 0);
const start = performance.now();
await log.housekeep();
report('compaction, records', (state / (performance.now() - start)) * 1000, {
  records: state,
  left: await readAll('state'),
  ms: Math.round(performance.now() - start),
});
await log.close();

const opened = performance.now();
const OPENS = Math.ceil(25 * SECONDS);
for (let i = 0; i < OPENS; i++) {
  const small = await EmbeddedEventLog.open({ directory: join(place, `small${i}`), durable: false, upkeepMs: 0 });
  await small.createTopics([spec('a'), spec('b'), spec('c', 'compact'), spec('d')]);
  await small.append('a', records(10));
  await small.close();
}
report('open, create 4 topics, append, close (unsynced)', (OPENS / (performance.now() - opened)) * 1000, {
  msEach: +((performance.now() - opened) / OPENS).toFixed(2),
});
rmSync(place, { recursive: true });
process.exit(0);
