// A whole day of people by the curve of the hours, through the real aggregator and fan-out in this process, on an embedded log in a
// folder of its own and in simulated time. Invariant: the same seed and users give the same inputs at the same times of the day;
// the engine is never further behind than the step by which time advances. It stands here because it opens a log.
import { Aggregator } from '#apps/aggregator';
import { connectFanout, type Meter } from '#apps/fanout';
import { topicNames, topicSpecs } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { EmbeddedEventLog } from '#libs/event-log-embedded';
import { PassingFolder, SimulatedClock } from '#libs/testing';
import type { BenchOptions, BenchResult } from './benchmarks/benchmark.js';
import { Stopwatch } from './benchmarks/measure.js';
import { DAY_S, DayOfUsers } from './day-of-users.js';
import { appendCrowd, appendDoings, TOWN } from './load/crowd-records.js';
import { seeded } from './seeded.js';

const PREFIX = 'presence.';
const TOPICS = topicNames(PREFIX);
const PARTITIONS = 8;
const MOST_USERS = 5_000;
const STEP_S = 20;
const WRITTEN = ['activity', 'commands', 'changes', 'states', 'registers', 'deliveries'] as const;

export async function benchFieldDay(options: BenchOptions): Promise<BenchResult> {
  const { seed } = options;
  const users = Math.min(options.users, MOST_USERS);
  const folder = new PassingFolder('field');
  const startMs = Date.UTC(2024, 0, 8);
  const clock = new SimulatedClock(startMs);
  const log = await EmbeddedEventLog.open({ directory: folder.path, now: clock.now, durable: false, upkeepMs: 0 });
  try {
    await log.createTopics(topicSpecs({ prefix: PREFIX, partitions: PARTITIONS, deliveryPartitions: PARTITIONS }));
    const memberships = await appendCrowd(log, TOPICS.memberships, { ...TOWN, users }, seeded(seed));
    const told = { recipients: 0 };
    const engine = await startEngine(log, clock, told);
    const watch = new Stopwatch();
    const day = new DayOfUsers(users, seed);
    let inputs = 0;
    for (let second = 0; second < DAY_S; second += STEP_S) {
      const doings = Array.from({ length: STEP_S }, (_, index) => day.second(second + index)).flat();
      clock.advanceTo(startMs + second * 1_000);
      await appendDoings(log, TOPICS, doings);
      inputs += doings.length;
      await engine.taken();
      if (second % 3_600 === 0) process.stderr.write(`${second / 3_600} h of the day, ${inputs} inputs\n`);
    }
    await engine.told();
    const cost = await watch.stop();
    const ends = await Promise.all(WRITTEN.map(async (name) => sumOf(await log.ends(TOPICS[name]))));
    await engine.stop();
    return {
      workload: `daily: a day of sessions by the hour, renewals, activity, status messages, in steps of ${STEP_S} s of simulated time; rooms by power law and one of everybody; aggregator and fan-out in this process, embedded log`,
      parameters: { workload: 'daily', users, memberships, partitions: PARTITIONS, simulated_hours: 24, seed },
      figures: [
        { name: 'inputs', value: inputs, unit: '' },
        { name: 'inputs a user and day', value: inputs / users, unit: '' },
        { name: 'deliveries (recipient-changes)', value: told.recipients, unit: '' },
        ...WRITTEN.map((name, index) => ({ name: `records in ${name}`, value: ends[index]!, unit: '' })),
        { name: 'faster than time', value: DAY_S / cost.wallSeconds, unit: 'x' },
        { name: 'CPU of a user and day', value: (cost.cpuSeconds / users) * 1000, unit: 'ms' },
      ],
      operations: inputs,
      cost,
    };
  } finally {
    await log.close();
    folder.remove();
  }
}

interface Engine {
  /** Resolves when everything appended has been folded. */
  taken(): Promise<void>;
  /** And when everything changed has been told. */
  told(): Promise<void>;
  stop(): Promise<void>;
}

async function startEngine(log: EventLog, clock: SimulatedClock, told: { recipients: number }): Promise<Engine> {
  const aggregator = new Aggregator({ log, clock, topics: TOPICS, prefix: PREFIX });
  await aggregator.start();
  const onFatal = (error: Error): never => {
    throw error;
  };
  const limits = { sessionTimeoutMs: DAY_S * 1_000 };
  const fanout = await connectFanout({ log, clock, prefix: PREFIX, limits, onFatal, meter: countingInto(told) });
  const taken = async (): Promise<void> => {
    const ends = [await log.ends(TOPICS.activity), await log.ends(TOPICS.commands)];
    const isBehind = (): boolean => {
      const { tasks } = aggregator.host;
      return (
        tasks.length < PARTITIONS ||
        tasks.some((task) => task.positions.some(({ nextOffset }, input) => nextOffset < ends[input]![task.partition]!))
      );
    };
    while (isBehind()) await turn();
  };
  return {
    taken,
    told: async () => {
      await taken();
      for (;;) {
        const [ends, committed] = [
          await log.ends(TOPICS.changes),
          await log.committed(`${PREFIX}fanout`, TOPICS.changes),
        ];
        if (ends.every((end, partition) => (committed.get(partition)?.offset ?? 0) >= end)) return;
        // Commits come by the clock, which nobody else advances any more.
        clock.advanceTo(clock.nowMs() + 100);
        await turn();
      }
    },
    stop: async () => {
      await fanout.close();
      await aggregator.stop();
    },
  };
}

function countingInto(told: { recipients: number }): Meter {
  const nothing = (): void => undefined;
  return {
    framed: (recipients) => (told.recipients += recipients),
    told: nothing,
    wroteRecipients: nothing,
    recipientTopics: nothing,
    rejected: nothing,
    retried: nothing,
    heldBack: nothing,
    oversizeRooms: nothing,
  };
}

function turn(): Promise<void> {
  return new Promise((done) => setImmediate(done));
}

function sumOf(ends: readonly number[]): number {
  return ends.reduce((sum, end) => sum + end, 0);
}
