// How the fan-out through Kafka costs with more recipients a change, and with more topics of single recipients. Invariant: the
// number of memberships is the same at every number of recipients; every change has another sender, so none is skipped for a later.
import { recipientTopic, recipientTopicSpec } from '#libs/contracts';
import type { NewRecord } from '#libs/event-log';
import { freePorts } from '#libs/testing';
import { changeText, isTold, startFanout } from '../benchmarks/deliver.js';
import { userIdOf } from '../input-mix.js';
import { endOf } from '../kafka/progress-watch.js';
import type { Workbench } from '../kafka/workbench.js';
import { membershipOf } from '../load/crowd-records.js';
import type { MeasuredProcess } from '../processes/measured-process.js';
import { until, type Measured, type Point } from './point.js';

const PARTITIONS = 8;
const MEMBERS = 50_000;
const RECIPIENTS = [10, 100, 1_000, 50_000] as const;
const RECIPIENT_CHANGES = 3_000_000;
const QUICK_RECIPIENT_CHANGES = 600_000;
/** Thousands: what a broker beside them on two cores leads. The last of them breaks there. */
const TOPICS = [10, 100, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000] as const;
const QUICK_TOPICS = [10, 100, 1_000] as const;
/** In one room, whether they have a topic or not; more when there are more topics. */
const ROOM = 8_000;
/** Fewer measure a broker that has hardly been compiled yet, and the wait for a commit. */
const CHANGES = 400;
const QUICK_CHANGES = 30;
const MOST_RECORDS = 1_600_000;
const CREATED_AT_ONCE = 250;
const LIMIT_MS = 60_000;
/** The first records of each topic cost the broker a millisecond and more. */
const LIMIT_MS_OF_A_TOPIC = 20;

export function fanoutPoints(isQuick: boolean): Point[] {
  const recipientChanges = isQuick ? QUICK_RECIPIENT_CHANGES : RECIPIENT_CHANGES;
  return [
    ...RECIPIENTS.map((value): Point => ({
      axis: 'recipients',
      value,
      partitions: PARTITIONS,
      measure: (bench) => manyRecipients(bench, value, Math.min(MEMBERS / 2, Math.ceil(recipientChanges / value))),
    })),
    ...(isQuick ? QUICK_TOPICS : TOPICS).map((value): Point => ({
      axis: 'topics',
      value,
      partitions: PARTITIONS,
      measure: (bench) => manyTopics(bench, value, isQuick ? QUICK_CHANGES : Math.min(CHANGES, MOST_RECORDS / value)),
    })),
  ];
}

async function manyRecipients(bench: Workbench, recipients: number, changes: number): Promise<Measured> {
  const { log, topics } = bench;
  await log.append(
    topics.memberships,
    Array.from({ length: MEMBERS }, (_, user) => membershipOf(Math.floor(user / recipients), user)),
  );
  const running = await start(bench, MEMBERS * 2);
  await tell(running, 0, Math.ceil(changes / 10));
  const recordsBefore = await endOf(log, topics.deliveries);
  const told = await tell(running, MEMBERS / 2, changes);
  const recipientChanges = changes * recipients;
  const records = (await endOf(log, topics.deliveries)) - recordsBefore;
  return {
    figures: [
      { name: 'recipient-changes', value: recipientChanges / told.seconds, unit: '/s' },
      { name: 'CPU', value: (told.cpuSeconds / recipientChanges) * 1e6, unit: 's per million' },
      { name: 'CPU of a change', value: (told.cpuSeconds / changes) * 1000, unit: 'ms' },
      { name: 'CPU of the broker', value: (told.brokerCpu / recipientChanges) * 1e6, unit: 's per million' },
      { name: 'records a change', value: records / changes, unit: '' },
    ],
    operations: recipientChanges,
    cost: costOf(running.fanout, told),
    fixed: { memberships: MEMBERS, changes, partitions: PARTITIONS, processes: 1 },
  };
}

/** So many of one room have a topic each. */
async function manyTopics(bench: Workbench, count: number, changes: number): Promise<Measured> {
  const { log, topics, prefix, broker } = bench;
  const room = Math.max(ROOM, count);
  await log.append(
    topics.memberships,
    Array.from({ length: room }, (_, user) => membershipOf(0, user)),
  );
  const names = Array.from({ length: count }, (_, user) => recipientTopic(prefix, userIdOf(user)));
  const creating = performance.now();
  for (let from = 0; from < count; from += CREATED_AT_ONCE)
    await log.createTopics(names.slice(from, from + CREATED_AT_ONCE).map(recipientTopicSpec));
  const createdSeconds = (performance.now() - creating) / 1000;
  const startedMs = performance.now();
  const running = await start(bench, MEMBERS * 2);
  await until(`${count} topics to be followed`, limitMs(count), async () => (await meters(running)).followed >= count);
  const followedSeconds = (performance.now() - startedMs) / 1000;
  await tell(running, 0, Math.ceil(changes / 10), count);
  const told = await tell(running, changes, changes, count);
  const records = changes * count;
  return {
    figures: [
      { name: 'records in recipient topics', value: records / told.seconds, unit: '/s' },
      { name: 'CPU of a change', value: (told.cpuSeconds / changes) * 1000, unit: 'ms' },
      { name: 'CPU of the broker', value: (told.brokerCpu / changes) * 1000, unit: 'ms a change' },
      { name: 'topics created in', value: createdSeconds, unit: 's' },
      { name: 'from start until all were followed', value: followedSeconds, unit: 's' },
      { name: 'memory of the broker', value: (broker.peakRssBytes() ?? 0) / 2 ** 20, unit: 'MiB' },
    ],
    operations: records,
    cost: costOf(running.fanout, told),
    fixed: { room, changes, partitions: PARTITIONS, processes: 1 },
  };
}

interface Running {
  readonly bench: Workbench;
  readonly fanout: MeasuredProcess;
  readonly metricsUrl: string;
}

interface Told {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly brokerCpu: number;
}

function limitMs(topics: number): number {
  return LIMIT_MS + topics * LIMIT_MS_OF_A_TOPIC;
}

async function start(bench: Workbench, most: number): Promise<Running> {
  const [port = 0] = await freePorts(1);
  const limits = { MAX_ROOM_MEMBERS: String(most), MAX_RECIPIENT_TOPICS: String(most), HTTP_PORT: String(port) };
  return { bench, fanout: await startFanout(bench, undefined, limits), metricsUrl: `http://127.0.0.1:${port}/metrics` };
}

/** Changes of as many users in a row, until the fan-out has committed them; with topics, until those hold them too. */
async function tell(running: Running, firstUser: number, changes: number, topicCount = 0): Promise<Told> {
  const { bench, fanout } = running;
  const { log, topics, broker } = bench;
  const recordsBefore = topicCount === 0 ? 0 : (await meters(running)).records;
  const records = Array.from({ length: changes }, (_, index): NewRecord => {
    const userId = userIdOf(firstUser + index);
    return { key: userId, value: changeText(userId, index + 1) };
  });
  fanout.collections();
  const [startedMs, cpuBefore, brokerBefore] = [performance.now(), fanout.usage().cpuSeconds, broker.cpuSeconds() ?? 0];
  await log.append(topics.changes, records);
  const ends = await log.ends(topics.changes);
  await until(`${changes} changes to be told`, limitMs(topicCount), () => isTold(bench, ends));
  const wanted = changes * topicCount;
  let held = 0;
  if (topicCount > 0)
    await until(
      () => `${wanted} records in ${topicCount} topics: there were ${held}`,
      limitMs(topicCount),
      async () => (held = (await meters(running)).records - recordsBefore) >= wanted,
    );
  return {
    seconds: (performance.now() - startedMs) / 1000,
    cpuSeconds: fanout.usage().cpuSeconds - cpuBefore,
    brokerCpu: (broker.cpuSeconds() ?? 0) - brokerBefore,
  };
}

function costOf(fanout: MeasuredProcess, { seconds, cpuSeconds }: Told): Measured['cost'] {
  const peakRssBytes = fanout.peakRssBytes();
  return { wallSeconds: seconds, cpuSeconds, peakRssBytes, collections: fanout.collections() };
}

async function meters({ metricsUrl }: Running): Promise<{ readonly followed: number; readonly records: number }> {
  const text = await (await fetch(metricsUrl)).text();
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  return {
    followed: number(/^rollcall_fanout_recipient_topics\{[^}]*state="followed"[^}]*\} (\d+)/m),
    records: number(/^rollcall_fanout_recipient_records_total (\d+)/m),
  };
}
