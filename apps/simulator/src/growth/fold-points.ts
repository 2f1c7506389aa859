// How the fold through Kafka costs with more users, more partitions, more processes: the same inputs each time, by the same Java
// producer. Invariant: processes hold their partitions before the first input is there; their CPU is counted together.
import { fill } from '../benchmarks/aggregate.js';
import type { Figure } from '../benchmarks/benchmark.js';
import { inputsTaken } from '../kafka/progress-watch.js';
import type { Workbench } from '../kafka/workbench.js';
import { MeasuredProcess } from '../processes/measured-process.js';
import { PROGRAMS } from '../processes/programs.js';
import { until, type Axis, type Measured, type Point } from './point.js';

const PARTITIONS = 8;
const USERS = 100_000;
const INPUTS = 600_000;
const QUICK_INPUTS = 150_000;
const LIMIT_MS = 80_000;
const JOIN_LIMIT_MS = 40_000;
const RESTORED = /restored \d+ records and \d+ inputs in \d+ ms/g;

interface Fold {
  readonly users: number;
  readonly partitions: number;
  readonly processes: number;
}

export function foldPoints(isQuick: boolean, seed: number): Point[] {
  const inputs = isQuick ? QUICK_INPUTS : INPUTS;
  const usual: Fold = { users: USERS, partitions: PARTITIONS, processes: 1 };
  const point = (axis: Axis & keyof Fold, value: number): Point => {
    const fold = { ...usual, [axis]: value };
    return { axis, value, partitions: fold.partitions, measure: (bench) => measure(bench, { ...fold, inputs, seed }) };
  };
  return [
    ...[10_000, 100_000, 1_000_000].map((value) => point('users', value)),
    ...[1, 8, 64].map((value) => point('partitions', value)),
    ...[1, 2, 4].map((value) => point('processes', value)),
  ];
}

async function measure(
  bench: Workbench,
  fold: Fold & { readonly inputs: number; readonly seed: number },
): Promise<Measured> {
  const { inputs, seed, users, partitions, processes } = fold;
  const { log, topics, broker } = bench;
  const aggregators: MeasuredProcess[] = [];
  for (let index = 0; index < processes; index += 1) aggregators.push(await joined(bench, index, fold));
  const sum = (of: (one: MeasuredProcess) => number): number => aggregators.reduce((total, one) => total + of(one), 0);
  const cpu = (): number => sum((one) => one.usage().cpuSeconds);
  const filling = fill(bench, { inputs, users, seed, seconds: 0 });
  let taken = 0;
  await until(
    'the first input to be folded',
    LIMIT_MS,
    async () => (taken = await inputsTaken(log, topics.states)) > 0,
  );
  const [startedMs, cpuBefore, brokerBefore, first] = [performance.now(), cpu(), broker.cpuSeconds() ?? 0, taken];
  for (const one of aggregators) one.collections();
  await filling;
  await until(`${inputs} inputs to be folded`, LIMIT_MS, async () => (await inputsTaken(log, topics.states)) >= inputs);
  const seconds = (performance.now() - startedMs) / 1000;
  const cpuSeconds = cpu() - cpuBefore;
  const brokerCpu = (broker.cpuSeconds() ?? 0) - brokerBefore;
  const operations = inputs - first;
  const figures: Figure[] = [
    { name: 'inputs folded', value: operations / seconds, unit: '/s' },
    { name: 'CPU', value: (cpuSeconds / operations) * 1e6, unit: 's per million' },
    { name: 'CPU of the broker', value: (brokerCpu / operations) * 1e6, unit: 's per million' },
    { name: 'memory in all', value: sum((one) => one.peakRssBytes()) / 2 ** 20, unit: 'MiB' },
  ];
  const peakRssBytes = Math.max(...aggregators.map((one) => one.peakRssBytes()));
  const cost = { wallSeconds: seconds, cpuSeconds, peakRssBytes, collections: aggregators[0]!.collections() };
  return { figures, operations, cost, fixed: { users, partitions, processes, inputs, seed } };
}

/** It has taken over its share, as far as those before it had to give. */
async function joined(bench: Workbench, index: number, { partitions }: Fold): Promise<MeasuredProcess> {
  const environment = { ...bench.environment, LOG_LEVEL: 'info' };
  const started = bench.keep(
    MeasuredProcess.node(`aggregator ${index + 1}`, PROGRAMS.aggregator, environment, { hears: 'errors too' }),
  );
  const share = Math.max(1, Math.floor(partitions / (index + 1)));
  await until(`${started.name} to hold ${share} partitions`, JOIN_LIMIT_MS, () => {
    return [...started.text.matchAll(RESTORED)].length >= share;
  });
  return started;
}
