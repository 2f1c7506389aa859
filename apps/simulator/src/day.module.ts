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
/** So many seconds of the day are written at once, each with its own time: a commit a second would be most of the work. */
const WRITE_EVERY_S = 30;
/** The engine is waited for every so many seconds of the day, and takes them in full batches. */
const WAIT_EVERY_S = 600;
const SHOW_EVERY_MS = 500;

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
    await log.createTopics(topicSpecs({ prefix: 'presence.', partitions: PARTITIONS, deliveryPartitions: 1 }));
    await appendMemberships(log, users);
    const aggregator = new Aggregator({ log, clock, topics: TOPICS, prefix: 'presence.' });
    await aggregator.start();
    const day = new DayOfUsers(users, seed);
    const show = progressLine();
    let written: Promise<unknown>[] = [];
    for (let second = 0; second < DAY_S; second += 1) {
      clock.advanceTo(startMs + second * 1_000);
      const doings = day.second(second);
      counts.inputs += doings.length;
      // The log stamps what it is given when it is given it, and commits when it is waited for.
      if (doings.length > 0) written.push(appendAll(log, doings));
      if (second % WRITE_EVERY_S === 0) {
        await Promise.all(written);
        written = [];
      }
      if (second % WAIT_EVERY_S === 0) await taken(log, aggregator, clock);
      show(() => `${(second / 3_600).toFixed(1)} of 24 h, ${counts.inputs.toLocaleString('en')} inputs`);
    }
    await Promise.all(written);
    await taken(log, aggregator, clock);
    show(() => 'compacting', true);
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

/** A line on a terminal that says how far it is; nothing anywhere else. */
function progressLine(): (say: () => string, isNow?: boolean) => void {
  let shownAtMs = 0;
  return (say, isNow = false) => {
    const nowMs = performance.now();
    if (!process.stderr.isTTY || (!isNow && nowMs - shownAtMs < SHOW_EVERY_MS)) return;
    shownAtMs = nowMs;
    process.stderr.write(`\r\u001b[K${say()}`);
  };
}

async function appendAll(log: EmbeddedEventLog, doings: readonly Doing[]): Promise<void> {
  const records: Record<Doing['topic'], NewRecord[]> = { activity: [], commands: [] };
  for (const { topic, user, input } of doings) {
    const userId = userIdOf(user);
    const value = topic === 'activity' ? encodeActivity({ userId, input }) : encodeCommand({ userId, input });
    records[topic].push({ key: userId, value });
  }
  await Promise.all([log.append(TOPICS.activity, records.activity), log.append(TOPICS.commands, records.commands)]);
}

/** The engine asks for the inputs' ends no more often than this. */
const ASK_EVERY_MS = 60;
/** Of turns in which nothing was taken. */
const IDLE_TURNS = 20;

/** Resolves when everything appended has been taken; passes less than a second of the day, as the engine asks again only in time. */
async function taken(log: EmbeddedEventLog, aggregator: Aggregator, clock: SimulatedClock): Promise<void> {
  const ends = [await log.ends(TOPICS.activity), await log.ends(TOPICS.commands)];
  const lastMs = clock.nowMs() + 999;
  const left = (): number =>
    aggregator.host.tasks.length < PARTITIONS
      ? Infinity
      : aggregator.host.tasks
          .flatMap(({ positions, partition }) =>
            positions.map(({ nextOffset }, input) => ends[input]![partition]! - nextOffset),
          )
          .reduce((sum, behind) => sum + Math.max(0, behind), 0);
  let idle = 0;
  for (let before = left(); before > 0;) {
    await new Promise((done) => setImmediate(done));
    const now = left();
    idle = now < before ? 0 : idle + 1;
    before = now;
    if (idle % IDLE_TURNS === IDLE_TURNS - 1) clock.advanceTo(Math.min(lastMs, clock.nowMs() + ASK_EVERY_MS));
  }
}
