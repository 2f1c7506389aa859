// `npm run -s bench -- day`: writes a day of many users into DATA_DIR, their inputs through the real aggregator to changes, states,
// registers and snapshots, so that the history's commands have something to be measured on. Invariant: it writes only where nothing
// is yet; the same seed and users give the same inputs at the same times of the day before.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Aggregator } from '#apps/aggregator';
import {
  encodeActivity,
  encodeCommand,
  encodeMembership,
  membershipKey,
  topicNames,
  topicSpecs,
} from '#libs/contracts';
import type { NewRecord } from '#libs/event-log';
import { EmbeddedEventLog } from '#libs/event-log-embedded';
import { SimulatedClock } from '#libs/testing';
import type { BenchOptions, BenchResult } from './benchmarks/benchmark.js';
import { Stopwatch } from './benchmarks/measure.js';
import { DAY_S, DayOfUsers, type Doing } from './day-of-users.js';
import { userIdOf } from './input-mix.js';

const TOPICS = topicNames('presence.');
const PARTITIONS = 8;
const DAY_MS = DAY_S * 1_000;
/** Everybody is in so many rooms of about so many people. */
const ROOMS_EACH = 3;
const ROOM_SIZE = 40;
/** The engine is waited for every so many seconds of the day. */
const WAIT_EVERY_S = 20;

export async function benchDay({ users, seed }: BenchOptions): Promise<BenchResult> {
  const directory = resolve(process.env['DATA_DIR'] ?? './data');
  if (existsSync(join(directory, 'data.mdb')))
    throw new Error(`${directory} holds a log: set DATA_DIR to a new folder`);
  const startMs = Math.floor(Date.now() / 60_000) * 60_000 - DAY_MS;
  const clock = new SimulatedClock(startMs);
  const log = await EmbeddedEventLog.open({ directory, now: clock.now, durable: false, upkeepMs: 0 });
  const watch = new Stopwatch();
  const counts = { inputs: 0 };
  try {
    await log.createTopics(topicSpecs({ prefix: 'presence.', partitions: PARTITIONS, deliveryPartitions: PARTITIONS }));
    await appendMemberships(log, users);
    const aggregator = new Aggregator({ log, clock, topics: TOPICS, prefix: 'presence.' });
    await aggregator.start();
    const day = new DayOfUsers(users, seed);
    for (let second = 0; second < DAY_S; second += 1) {
      clock.advanceTo(startMs + second * 1_000);
      counts.inputs += await appendAll(log, day.second(second));
      if (second % WAIT_EVERY_S === 0) await taken(log, aggregator);
      if (second % 3_600 === 0 && process.stderr.isTTY)
        process.stderr.write(`\r${second / 3_600} h, ${counts.inputs} inputs `);
    }
    await taken(log, aggregator);
    await aggregator.stop();
    // As a server would have done all along.
    await log.housekeep();
    const changes = (await log.ends(TOPICS.changes)).reduce((sum, end) => sum + end, 0);
    const cost = await watch.stop();
    return {
      workload:
        'a day: sessions by the hour, renewals every two minutes, activity, status messages; through the aggregator',
      parameters: { users, seed, directory, from: new Date(startMs).toISOString() },
      figures: [
        { name: 'inputs', value: counts.inputs, unit: '' },
        { name: 'changes', value: changes, unit: '' },
        { name: 'inputs written and folded', value: counts.inputs / cost.wallSeconds, unit: '/s' },
      ],
      operations: counts.inputs,
      cost,
    };
  } finally {
    await log.close();
  }
}

async function appendMemberships(log: EmbeddedEventLog, users: number): Promise<void> {
  const rooms = Math.max(1, Math.ceil(users / ROOM_SIZE));
  for (let first = 0; first < users; first += 5_000) {
    const records: NewRecord[] = [];
    for (let user = first; user < Math.min(users, first + 5_000); user += 1) {
      for (let room = 0; room < ROOMS_EACH; room += 1) {
        const roomId = `!room${(user * (room * 7 + 1) + room * 13) % rooms}:bench.example`;
        const userId = userIdOf(user);
        records.push({
          key: membershipKey(roomId, userId),
          value: encodeMembership({ roomId: roomId as never, userId: userId as never, membership: 'join' }),
        });
      }
    }
    await log.append(TOPICS.memberships, records);
  }
}

async function appendAll(log: EmbeddedEventLog, doings: readonly Doing[]): Promise<number> {
  const records: Record<Doing['topic'], NewRecord[]> = { activity: [], commands: [] };
  for (const { topic, user, input } of doings) {
    const userId = userIdOf(user);
    const value = topic === 'activity' ? encodeActivity({ userId, input }) : encodeCommand({ userId, input });
    records[topic].push({ key: userId, value });
  }
  await Promise.all([log.append(TOPICS.activity, records.activity), log.append(TOPICS.commands, records.commands)]);
  return doings.length;
}

/** Resolves when everything appended has been taken. */
async function taken(log: EmbeddedEventLog, aggregator: Aggregator): Promise<void> {
  const ends = [await log.ends(TOPICS.activity), await log.ends(TOPICS.commands)];
  const isBehind = (): boolean =>
    aggregator.host.tasks.length < PARTITIONS ||
    aggregator.host.tasks.some((task) =>
      task.positions.some(({ nextOffset }, input) => nextOffset < ends[input]![task.partition]!),
    );
  while (isBehind()) await new Promise((done) => setImmediate(done));
}
