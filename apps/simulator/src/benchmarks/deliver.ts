// The fan-out through Kafka: memberships by power law in their topic, the real process started on them, then changes appended
// as fast as the broker takes them. Its rate is read from the offsets that it commits, what it delivered from the frames.
import { decodeFrame, encodeChange } from '#libs/contracts';
import type { EventLog, NewRecord } from '#libs/event-log';
import { FIELD } from '../load/crowd.js';
import { appendCrowd } from '../load/crowd-records.js';
import { userIdOf } from '../input-mix.js';
import { Workbench } from '../kafka/workbench.js';
import { MeasuredProcess } from '../processes/measured-process.js';
import { PROGRAMS } from '../processes/programs.js';
import { seeded } from '../seeded.js';
import type { BenchOptions, BenchResult } from './benchmark.js';

const PARTITIONS = 8;
const USERS = 20_000;
/** Thousands of recipients each: about what one process delivers in a second. */
const CHANGES_PER_SECOND = 200;
const LOOK_MS = 50;
const LIMIT_MS = 240_000;

export async function benchDeliver(options: BenchOptions): Promise<BenchResult> {
  const { seed, seconds, profile, partitions = PARTITIONS } = options;
  const users = Math.min(options.users, USERS);
  const changes = Math.ceil(seconds * CHANGES_PER_SECOND);
  const bench = await Workbench.open({ partitions });
  try {
    const { log, topics, prefix } = bench;
    const memberships = await appendCrowd(log, topics.memberships, { ...FIELD, users }, seeded(seed));
    const fanout = await startFanout(bench, profile);
    await appendChanges(log, topics.changes, { users, seed, count: Math.ceil(changes / 10), firstVersion: 1 });
    await whenCommitted(bench, fanout);
    const before = await log.ends(topics.deliveries);
    const started = fanout.usage();
    const brokerBefore = bench.broker.cpuSeconds() ?? 0;
    fanout.collections();
    await appendChanges(log, topics.changes, { users, seed: seed + 1, count: changes, firstVersion: 10_000_000 });
    const ended = await whenCommitted(bench, fanout);
    const seconds_ = (ended.atMs - started.atMs) / 1000;
    const cpuSeconds = ended.cpuSeconds - started.cpuSeconds;
    const brokerCpu = (bench.broker.cpuSeconds() ?? 0) - brokerBefore;
    const told = await count(log, topics.deliveries, before);
    const result: BenchResult = {
      workload: `rooms by power law, changes of random users through the fan-out process; prefix ${prefix}`,
      parameters: { users, memberships, changes, partitions, seed },
      figures: [
        { name: 'recipient-changes', value: told.recipients / seconds_, unit: '/s' },
        { name: 'changes', value: changes / seconds_, unit: '/s' },
        { name: 'recipients a change', value: told.recipients / changes, unit: '' },
        { name: 'records a change', value: told.records / changes, unit: '' },
        { name: 'CPU of the broker', value: (brokerCpu / told.recipients) * 1e6, unit: 's per million' },
        ...(await bench.ceilingFigures({ of: 'consume', perSecond: changes / seconds_ })),
      ],
      versions: bench.versions,
      operations: told.recipients,
      cost: {
        wallSeconds: seconds_,
        cpuSeconds,
        peakRssBytes: fanout.peakRssBytes(),
        collections: fanout.collections(),
      },
    };
    await fanout.stop();
    return result;
  } finally {
    await bench.close();
  }
}

/** Started and caught up: it has committed where it begins. */
export async function startFanout(
  bench: Workbench,
  profile?: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<MeasuredProcess> {
  const fanout = bench.keep(
    MeasuredProcess.node('fanout', PROGRAMS.fanout, { ...bench.environment, ...environment }, { profile }),
  );
  const partitions = (await bench.log.ends(bench.topics.changes)).length;
  await until(bench, fanout, async () => (await committedOf(bench)).size === partitions);
  return fanout;
}

function committedOf({ log, prefix, topics }: Workbench): ReturnType<EventLog['committed']> {
  return log.committed(`${prefix}fanout`, topics.changes);
}

async function whenCommitted(bench: Workbench, fanout: MeasuredProcess): Promise<ReturnType<MeasuredProcess['usage']>> {
  const ends = await bench.log.ends(bench.topics.changes);
  await until(bench, fanout, () => isTold(bench, ends));
  return fanout.usage();
}

/** Whether the fan-out has told and committed all changes before these ends, one a partition. */
export async function isTold(bench: Workbench, ends: readonly number[]): Promise<boolean> {
  const committed = await committedOf(bench);
  return ends.every((end, partition) => (committed.get(partition)?.offset ?? 0) >= end);
}

async function until(_bench: Workbench, { name }: MeasuredProcess, holds: () => Promise<boolean>): Promise<void> {
  const limitMs = performance.now() + LIMIT_MS;
  while (!(await holds())) {
    if (performance.now() > limitMs) throw new Error(`${name} did not come so far in ${LIMIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

interface Changes {
  readonly users: number;
  readonly seed: number;
  readonly count: number;
  readonly firstVersion: number;
}

async function appendChanges(
  log: EventLog,
  topic: string,
  { users, seed, count, firstVersion }: Changes,
): Promise<void> {
  const draw = seeded(seed);
  const records = Array.from({ length: count }, (_, index): NewRecord => {
    const userId = userIdOf(Math.floor(draw() * users));
    return { key: userId, value: changeText(userId, firstVersion + index) };
  });
  await log.append(topic, records);
}

export function changeText(userId: string, version: number): string {
  return encodeChange({
    kind: 'changed',
    userId,
    life: 0,
    version,
    atMs: 1_700_000_000_000,
    view: { presence: 'online', currentlyActive: true, statusMsg: 'at work', lastActiveAtMs: 1_700_000_000_000 },
    before: { presence: 'unavailable', currentlyActive: false },
    cause: { topic: 'commands', offset: 1 },
    applied: { commands: 1 },
  });
}

async function count(
  log: EventLog,
  topic: string,
  from: readonly number[],
): Promise<{ readonly recipients: number; readonly records: number }> {
  const ends = await log.ends(topic);
  let recipients = 0;
  let records = 0;
  for (const [partition, end] of ends.entries()) {
    for await (const batch of log.read(topic, partition, from[partition] ?? 0, end)) {
      for (const { value } of batch.records) {
        const frame = decodeFrame(value === null ? null : Buffer.from(value).toString());
        if (!frame.ok) throw new Error(frame.reason);
        records += 1;
        for (const { to } of frame.record.entries) recipients += to.length;
      }
    }
  }
  return { recipients, records };
}
