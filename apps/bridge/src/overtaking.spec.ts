// Late events against what the log says: the order in which a Synapse that was killed between beginning and ending a transaction has
// been seen to hand over (join in 5; killed; leave in 6, then 7; 8 fails; 5 again, 8).
import { asOfHeaders } from '#libs/contracts';
import { MemoryEventLog, type NewRecord } from '#libs/event-log';
import { Overtaking, type TimedWord } from './overtaking.js';

const TOPIC = 'presence.memberships';
const STARTED_MS = 1_000_000;
const WEEK_MS = 7 * 86_400_000;
const PARTITIONS = 2;
const MAX_WORDS = 8;

let nowMs = STARTED_MS;
let log: MemoryEventLog;
let reads: number;
let overtaking: Overtaking;

beforeEach(async () => {
  nowMs = STARTED_MS;
  reads = 0;
  log = new MemoryEventLog({ now: () => nowMs });
  await log.createTopics([
    { name: TOPIC, partitions: PARTITIONS, cleanup: 'compact', minCompactionLagMs: WEEK_MS, timestamps: 'create' },
  ]);
  const read = log.read.bind(log);
  log.read = (...where) => {
    reads += 1;
    return read(...where);
  };
  overtaking = new Overtaking(log, STARTED_MS, MAX_WORDS);
});

const at = (key: string, sentMs: number | undefined): TimedWord => ({ key, sentMs });

/** As the bridge does, which never hears of an event before it happened; the keys that were written. */
async function take(...events: TimedWord[]): Promise<string[]> {
  nowMs = Math.max(nowMs, ...events.map(({ sentMs = 0 }) => sentMs));
  const remaining = await overtaking.remaining(TOPIC, events);
  const records = remaining.map(({ key, sentMs }): NewRecord => ({ key, value: '{}', headers: asOfHeaders(sentMs) }));
  if (records.length > 0) await log.append(TOPIC, records);
  overtaking.taken(events);
  return remaining.map(({ key }) => key);
}

const restarted = (): void => {
  overtaking = new Overtaking(log, nowMs, MAX_WORDS);
};

it('passes by a join that comes after the leave, and takes what is new beside it', async () => {
  await take(at('a', STARTED_MS + 20_000));
  expect(await take(at('a', STARTED_MS + 1_000), at('b', STARTED_MS + 1_000))).toEqual(['b']);
});

it('does so after its own start, of what another process has written', async () => {
  await take(at('a', STARTED_MS + 20_000), at('b', STARTED_MS + 500));
  nowMs += 60_000;
  restarted();
  expect(await take(at('a', STARTED_MS + 1_000), at('b', STARTED_MS + 1_000))).toEqual(['b']);
});

it('takes a backlog in its order, and reads the log once for it', async () => {
  await take(at('a', STARTED_MS + 10));
  nowMs += 3_600_000;
  restarted();
  expect(await take(at('a', STARTED_MS + 60_000), at('b', STARTED_MS + 61_000))).toEqual(['a', 'b']);
  reads = 0;
  for (let count = 0; count < 50; count += 1)
    expect(await take(at('a', STARTED_MS + 70_000 + count), at('b', STARTED_MS + 70_000 + count))).toHaveLength(2);
  // Each time the two records that are new, which lie in at most two partitions.
  expect(reads).toBeLessThanOrEqual(100);
});

it('looks nothing up while events come in their order, or nearly', async () => {
  for (const ms of [10, 5_000, 3_100, 4_000, 9_000]) expect(await take(at('a', STARTED_MS + ms))).toEqual(['a']);
  expect(reads).toBe(0);
});

it('leaves what happens in one moment to the homeserver', async () => {
  await take(at('a', STARTED_MS + 20_000), at('z', STARTED_MS + 30_000));
  expect(await take(at('a', STARTED_MS + 18_000))).toEqual(['a']);
  expect(await take(at('a', STARTED_MS + 17_999))).toEqual([]);
});

it('takes a word without the header for as new as its record, and one of no known time for newer than nothing', async () => {
  nowMs += 50_000;
  await log.append(TOPIC, [
    { key: 'imported', value: '{}' },
    { key: 'remote', value: '{}', headers: asOfHeaders(undefined) },
  ]);
  restarted();
  const late = STARTED_MS + 10_000;
  expect(await take(at('imported', late), at('remote', late), at('remote', undefined))).toEqual(['remote', 'remote']);
});

it('goes further back when something older comes', async () => {
  await take(at('a', STARTED_MS + 20_000));
  await take(at('b', STARTED_MS + 40_000));
  await take(at('c', STARTED_MS + 60_000));
  expect(await take(at('b', STARTED_MS + 30_000))).toEqual([]);
  expect(await take(at('a', STARTED_MS + 10_000), at('d', STARTED_MS + 10_000))).toEqual(['d']);
});

it('remembers so many words of a partition, the latest of them', async () => {
  const keys = Array.from({ length: 60 }, (_, index) => `k${String(index)}`);
  const ofOne = keys.filter((key) => log.partitionOf(key, PARTITIONS) === 0).slice(0, 6);
  for (const [index, key] of ofOne.entries()) await take(at(key, STARTED_MS + 20_000 + index * 1_000));
  expect(await take(...ofOne.map((key) => at(key, STARTED_MS + 10_000)))).toEqual(ofOne.slice(0, 2));
});

it('says so where the log cannot be read, and then takes the transaction when it comes again', async () => {
  await take(at('a', STARTED_MS + 20_000));
  const { offsetsAt } = log;
  log.offsetsAt = () => Promise.reject(new Error('away'));
  await expect(take(at('a', STARTED_MS))).rejects.toThrow('away');
  log.offsetsAt = offsetsAt.bind(log);
  expect(await take(at('a', STARTED_MS))).toEqual([]);
});
