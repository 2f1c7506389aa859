// Workloads as the field knows them, through the real aggregator and fan-out on Kafka, in real time: what is written, what it
// costs, and how late timers fire. Invariant: measured from the first doing until everything is told that was there when the last
// input was taken, and, of a workload that waits for timers, the last of its changes; who was there before, rooms and start-up
// stay outside. A day (`daily`) passes in simulated time instead.
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeChange } from '#libs/contracts';
import { freePorts } from '#libs/testing';
import { benchFieldDay } from '../field-day.module.js';
import { until } from '../growth/point.js';
import { endOf, inputsTaken } from '../kafka/progress-watch.js';
import { Workbench } from '../kafka/workbench.js';
import { appendCrowd, appendDoings, TOWN } from '../load/crowd-records.js';
import { connected, TICK_MS, workloadOf, type LiveWorkloadName, type Workload } from '../load/workloads.js';
import { MeasuredProcess } from '../processes/measured-process.js';
import { PROGRAMS } from '../processes/programs.js';
import { seeded } from '../seeded.js';
import type { BenchOptions, BenchResult, Figure } from './benchmark.js';
import { isTold, startFanout } from './deliver.js';
import { percentile } from './measure.js';

const PARTITIONS = 8;
const MOST_USERS = 1_000_000;
const APPENDED_AT_ONCE = 20_000;
/** Until the last of those who are connected beforehand is not currently active any more. */
const ACTIVE_MS = 62_000;
/** The default policy's: a million may be connected for minutes before the workload begins. */
const LONGEST_LEASE_MS = 600_000;
/** For each step of a run, besides a millisecond a user: this machine may be a slow one. */
const LIMIT_MS = 120_000;
const MAX_ROOM_MEMBERS = 10_000;
const TOPICS = ['activity', 'commands', 'changes', 'states', 'registers', 'deliveries'] as const;

export function benchField(options: BenchOptions): Promise<BenchResult> {
  const { workload = 'steady' } = options;
  return workload === 'daily' ? benchFieldDay(options) : benchLive(workload, options);
}

async function benchLive(name: LiveWorkloadName, options: BenchOptions): Promise<BenchResult> {
  const { seed, seconds, profile, partitions = PARTITIONS } = options;
  const users = Math.min(options.users, MOST_USERS);
  const workload = workloadOf(name, { users, seed, seconds });
  const bench = await Workbench.open({ partitions });
  try {
    const memberships = await appendCrowd(bench.log, bench.topics.memberships, { ...TOWN, users }, seeded(seed));
    const [aggregators = 0, fanouts = 0] = await freePorts(2);
    const environment = { ...bench.environment, HTTP_PORT: String(aggregators) };
    const running: Running = {
      bench,
      limitMs: LIMIT_MS + users,
      aggregator: bench.keep(MeasuredProcess.node('aggregator', PROGRAMS.aggregator, environment, { profile })),
      fanout: await startFanout(bench, profile, { HTTP_PORT: String(fanouts) }),
      changesMade: () => summedAt(aggregators, 'rollcall_aggregator_changes_total'),
      recipientsTold: () => summedAt(fanouts, 'rollcall_fanout_recipients_total'),
    };
    if (workload.begins === 'connected') await connectAll(running, users);
    const measured = await measure(running, workload);
    return {
      workload: `${name}: ${workload.says}; rooms by power law and one of everybody (above ${MAX_ROOM_MEMBERS} members it creates no interest); aggregator and fan-out as processes`,
      parameters: { workload: name, users, memberships, partitions, seconds: Math.round(measured.seconds), seed },
      figures: [
        ...figuresOf(running, measured),
        ...(await bench.ceilingFigures({ of: 'consume', perSecond: measured.inputs / measured.seconds })),
      ],
      operations: measured.inputs,
      versions: bench.versions,
      cost: {
        wallSeconds: measured.seconds,
        cpuSeconds: measured.aggregatorCpu + measured.fanoutCpu,
        peakRssBytes: Math.max(running.aggregator.peakRssBytes(), running.fanout.peakRssBytes()),
        collections: running.aggregator.collections(),
      },
    };
  } finally {
    await bench.close();
  }
}

interface Running {
  readonly bench: Workbench;
  readonly aggregator: MeasuredProcess;
  readonly fanout: MeasuredProcess;
  readonly limitMs: number;
  /** Committed, since it started. */
  readonly changesMade: () => Promise<number>;
  readonly recipientsTold: () => Promise<number>;
}

interface Measured {
  readonly seconds: number;
  /** For how long inputs were appended: longer than meant where the machine is too slow for it. */
  readonly appendedSeconds: number;
  readonly inputs: number;
  readonly changes: number;
  readonly lateMs: readonly number[];
  readonly recipients: number;
  /** Records of each topic. */
  readonly written: readonly number[];
  /** Until it had taken everything and committed the workload's changes. */
  readonly aggregatorCpu: number;
  readonly fanoutCpu: number;
  readonly brokerCpu: number;
  readonly settledMs: number;
}

async function connectAll(running: Running, users: number): Promise<void> {
  const { log, topics } = running.bench;
  for (let first = 0; first < users; first += APPENDED_AT_ONCE) {
    const count = Math.min(APPENDED_AT_ONCE, users - first);
    await appendDoings(
      log,
      topics,
      Array.from({ length: count }, (_, index) => connected(first + index, LONGEST_LEASE_MS)),
    );
  }
  await takenAll(running);
  await sleep(ACTIVE_MS);
  // Each has come, and is not currently active any more.
  await madeAll(running, 2 * users);
  await toldAll(running);
}

async function measure(running: Running, workload: Workload): Promise<Measured> {
  const { bench, aggregator, fanout } = running;
  const { log, topics, broker } = bench;
  const endsOf = (): Promise<number[]> => Promise.all(TOPICS.map((topic) => endOf(log, topics[topic])));
  const [before, changesFrom] = [await endsOf(), await log.ends(topics.changes)];
  const [told, made] = [await running.recipientsTold(), await running.changesMade()];
  aggregator.collections();
  const cpuBefore = {
    aggregator: aggregator.usage().cpuSeconds,
    fanout: fanout.usage().cpuSeconds,
    broker: broker.cpuSeconds() ?? 0,
  };
  const startedMs = performance.now();
  let inputs = 0;
  for (let tick = 0; tick < workload.ticks; tick += 1) {
    const doings = workload.tick(tick);
    inputs += doings.length;
    await appendDoings(log, topics, doings);
    const waitMs = startedMs + (tick + 1) * TICK_MS - performance.now();
    if (waitMs > 0) await sleep(waitMs);
  }
  const appendedMs = performance.now();
  await sleep(workload.thenMs);
  const overMs = performance.now();
  await takenAll(running);
  if (workload.changesByTimers > 0) await madeAll(running, made + workload.changesByTimers);
  const aggregatorCpu = aggregator.usage().cpuSeconds - cpuBefore.aggregator;
  const changesTo = await toldAll(running);
  const settledMs = performance.now();
  const fanoutCpu = fanout.usage().cpuSeconds - cpuBefore.fanout;
  const brokerCpu = (broker.cpuSeconds() ?? 0) - cpuBefore.broker;
  const recipients = (await running.recipientsTold()) - told;
  const written = (await endsOf()).map((end, index) => end - before[index]!);
  return {
    ...{ inputs, recipients, written, aggregatorCpu, fanoutCpu, brokerCpu },
    ...(await changesSince(bench, changesFrom, changesTo)),
    appendedSeconds: (appendedMs - startedMs) / 1000,
    seconds: (settledMs - startedMs) / 1000,
    settledMs: settledMs - overMs,
  };
}

/** Resolves when everything appended is taken, and so is every change that it makes. */
function takenAll({ bench: { log, topics }, limitMs }: Running): Promise<void> {
  return until('all inputs to be taken', limitMs, async () => {
    const appended = (await endOf(log, topics.activity)) + (await endOf(log, topics.commands));
    return (await inputsTaken(log, topics.states)) >= appended;
  });
}

/** Resolves when so many changes were committed since the aggregator started. */
function madeAll({ changesMade, limitMs }: Running, wanted: number): Promise<void> {
  let made = 0;
  const what = (): string => `${wanted} changes to be made: there were ${made}`;
  return until(what, limitMs, async () => (made = await changesMade()) >= wanted);
}

/** Resolves when every change that is there now is told: to where these end. */
async function toldAll({ bench, limitMs }: Running): Promise<readonly number[]> {
  const ends = await bench.log.ends(bench.topics.changes);
  await until('all changes to be told', limitMs, () => isTold(bench, ends));
  return ends;
}

/** Changes, and of those by timers how long after their deadline they were written. */
async function changesSince(
  { log, topics }: Workbench,
  from: readonly number[],
  to: readonly number[],
): Promise<{ readonly changes: number; readonly lateMs: readonly number[] }> {
  const lateMs: number[] = [];
  let changes = 0;
  for (const [partition, end] of to.entries()) {
    for await (const { records } of log.read(topics.changes, partition, from[partition] ?? 0, end)) {
      for (const { key, value, timestampMs } of records) {
        const decoded = decodeChange(textOf(value), textOf(key));
        if (!decoded.ok) throw new Error(decoded.reason);
        changes += 1;
        const { record } = decoded;
        if (record.kind === 'changed' && 'timer' in record.cause) lateMs.push(timestampMs - record.atMs);
      }
    }
  }
  return { changes, lateMs };
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString();
}

/** A counter, over its labels. */
async function summedAt(port: number, counter: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  if (!text.includes(`# TYPE ${counter} `)) throw new Error(`there is no metric ${counter}`);
  const samples = text.matchAll(new RegExp(`^${counter}(?:\\{[^}]*\\})? (\\d+)`, 'gm'));
  return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
}

function figuresOf({ aggregator, fanout }: Running, of: Measured): Figure[] {
  const { inputs, changes, lateMs, recipients, seconds, written } = of;
  const late = (name: string, value: number): Figure => ({ name: `timers late, ${name}`, value, unit: 'ms' });
  const perMillion = (cpu: number, count: number): number => (count === 0 ? 0 : (cpu / count) * 1e6);
  return [
    { name: 'inputs', value: inputs, unit: '' },
    { name: 'inputs appended in', value: of.appendedSeconds, unit: 's' },
    { name: 'inputs a second', value: inputs / seconds, unit: '/s' },
    { name: 'changes', value: changes, unit: '' },
    { name: 'deliveries (recipient-changes)', value: recipients, unit: '' },
    { name: 'deliveries a second', value: recipients / seconds, unit: '/s' },
    ...TOPICS.map((topic, index) => ({
      name: `records in ${topic}, markers included`,
      value: written[index]!,
      unit: '',
    })),
    { name: 'CPU of the aggregator', value: perMillion(of.aggregatorCpu, inputs), unit: 's per million inputs' },
    { name: 'CPU of the fan-out', value: perMillion(of.fanoutCpu, recipients), unit: 's per million deliveries' },
    { name: 'CPU of the broker', value: perMillion(of.brokerCpu, inputs), unit: 's per million inputs' },
    { name: 'peak memory, aggregator', value: aggregator.peakRssBytes() / 2 ** 20, unit: 'MiB' },
    { name: 'peak memory, fan-out', value: fanout.peakRssBytes() / 2 ** 20, unit: 'MiB' },
    { name: 'until all was told, after its end', value: of.settledMs / 1000, unit: 's' },
    { name: 'changes by timers', value: lateMs.length, unit: '' },
    ...(lateMs.length === 0
      ? []
      : [
          late('p50 (250 by design)', percentile(lateMs, 0.5)),
          late('p99', percentile(lateMs, 0.99)),
          late(
            'most',
            lateMs.reduce((most, one) => Math.max(most, one), 0),
          ),
        ]),
  ];
}
