// Workloads as the field knows them, through the real aggregator and fan-out on Kafka, in real time: what is written, what it
// costs, and how late timers fire. Invariant: measured from the first doing to the last news told; who was there before, rooms
// and start-up stay outside. A day (`daily`) passes in simulated time instead.
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeChange } from '#libs/contracts';
import { freePorts } from '#libs/testing';
import { benchFieldDay } from '../field-day.module.js';
import { endOf, inputsTaken } from '../kafka/progress-watch.js';
import { Workbench } from '../kafka/workbench.js';
import { appendCrowd, appendDoings, TOWN } from '../load/crowd-records.js';
import { connected, TICK_MS, workloadOf, type LiveWorkloadName, type Workload } from '../load/workloads.js';
import { MeasuredProcess } from '../processes/measured-process.js';
import { PROGRAMS } from '../processes/programs.js';
import { seeded } from '../seeded.js';
import type { BenchOptions, BenchResult, Figure } from './benchmark.js';
import { startFanout } from './deliver.js';
import { percentile } from './measure.js';

const PARTITIONS = 8;
/** What fits a machine of two cores beside its broker. */
const MOST_USERS = 100_000;
const APPENDED_AT_ONCE = 20_000;
const LOOK_MS = 100;
/** Longer than the transaction of a hundred thousand timers: while it is being committed nothing moves either. */
const QUIET_MS = 8_000;
const LIMIT_MS = 240_000;
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
    const [port = 0] = await freePorts(1);
    const running: Running = {
      bench,
      aggregator: bench.keep(MeasuredProcess.node('aggregator', PROGRAMS.aggregator, bench.environment, { profile })),
      fanout: await startFanout(bench, profile, { HTTP_PORT: String(port) }),
      metricsUrl: `http://127.0.0.1:${port}/metrics`,
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
  readonly metricsUrl: string;
}

interface Measured {
  readonly seconds: number;
  readonly inputs: number;
  readonly changes: number;
  readonly lateMs: readonly number[];
  readonly recipients: number;
  /** Records of each topic. */
  readonly written: readonly number[];
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
      Array.from({ length: count }, (_, index) => connected(first + index)),
    );
  }
  await settled(running);
}

async function measure(running: Running, workload: Workload): Promise<Measured> {
  const { bench, aggregator, fanout } = running;
  const { log, topics, broker } = bench;
  const endsOf = (): Promise<number[]> => Promise.all(TOPICS.map((topic) => endOf(log, topics[topic])));
  const [before, changesFrom] = [await endsOf(), await log.ends(topics.changes)];
  const told = await recipientsTold(running);
  aggregator.collections();
  const cpu = (): number[] => [aggregator.usage().cpuSeconds, fanout.usage().cpuSeconds, broker.cpuSeconds() ?? 0];
  const cpuBefore = cpu();
  const startedMs = performance.now();
  let inputs = 0;
  for (let tick = 0; tick < workload.ticks; tick += 1) {
    const doings = workload.tick(tick);
    inputs += doings.length;
    await appendDoings(log, topics, doings);
    const waitMs = startedMs + (tick + 1) * TICK_MS - performance.now();
    if (waitMs > 0) await sleep(waitMs);
  }
  await sleep(workload.thenMs);
  const overMs = performance.now();
  const settledMs = await settled(running);
  const [aggregatorCpu = 0, fanoutCpu = 0, brokerCpu = 0] = cpu().map((now, index) => now - cpuBefore[index]!);
  const { changes, lateMs } = await changesSince(bench, changesFrom);
  return {
    seconds: (settledMs - startedMs) / 1000,
    settledMs: settledMs - overMs,
    ...{ inputs, changes, lateMs, aggregatorCpu, fanoutCpu, brokerCpu },
    recipients: (await recipientsTold(running)) - told,
    written: (await endsOf()).map((end, index) => end - before[index]!),
  };
}

/** When everything appended is taken, nothing more was changed for a while, and all of it is told: when that was so. */
async function settled({ bench: { log, topics, prefix } }: Running): Promise<number> {
  const limitMs = performance.now() + LIMIT_MS;
  let seen = -1;
  let sinceMs = 0;
  for (;;) {
    const appended = (await endOf(log, topics.activity)) + (await endOf(log, topics.commands));
    const ends = await log.ends(topics.changes);
    const [taken, committed] = [
      await inputsTaken(log, topics.states),
      await log.committed(`${prefix}fanout`, topics.changes),
    ];
    const sum = ends.reduce((total, end) => total + end, 0);
    const isDone = taken >= appended && ends.every((end, partition) => (committed.get(partition)?.offset ?? 0) >= end);
    const nowMs = performance.now();
    if (!isDone || sum !== seen) [seen, sinceMs] = [sum, nowMs];
    else if (nowMs - sinceMs >= QUIET_MS) return sinceMs;
    if (nowMs > limitMs) throw new Error(`not settled in ${LIMIT_MS} ms: ${taken} of ${appended} inputs taken`);
    await sleep(LOOK_MS);
  }
}

/** Changes, and of those by timers how long after their deadline they were written. */
async function changesSince(
  { log, topics }: Workbench,
  from: readonly number[],
): Promise<{ readonly changes: number; readonly lateMs: readonly number[] }> {
  const ends = await log.ends(topics.changes);
  const lateMs: number[] = [];
  let changes = 0;
  for (const [partition, end] of ends.entries()) {
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

async function recipientsTold({ metricsUrl }: Running): Promise<number> {
  const text = await (await fetch(metricsUrl)).text();
  return Number(/^rollcall_fanout_recipients_total (\d+)/m.exec(text)?.[1] ?? 0);
}

function figuresOf({ aggregator, fanout }: Running, of: Measured): Figure[] {
  const { inputs, changes, lateMs, recipients, seconds, written } = of;
  const late = (name: string, value: number): Figure => ({ name: `timers late, ${name}`, value, unit: 'ms' });
  const perMillion = (cpu: number, count: number): number => (count === 0 ? 0 : (cpu / count) * 1e6);
  return [
    { name: 'inputs', value: inputs, unit: '' },
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
