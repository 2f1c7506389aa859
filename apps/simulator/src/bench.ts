// `npm run -s bench -- NAME`: measures one thing and prints what is needed to repeat it. Invariant: no figure without
// its workload, parameters, seed, machine and cost.
import { cpus, totalmem } from 'node:os';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { benchAggregate } from './benchmarks/aggregate.js';
import { benchDeliver } from './benchmarks/deliver.js';
import { benchFanout } from './benchmarks/fanout.js';
import { benchFold } from './benchmarks/fold.js';
import { benchGiantRoom } from './benchmarks/giant-room.js';
import { benchHttp } from './benchmarks/http.js';
import { benchIdle } from './benchmarks/idle.js';
import { benchDay } from './day.module.js';
import { benchLatency } from './benchmarks/latency.js';
import { benchMemory } from './benchmarks/memory.js';
import { benchFailover, benchRestore } from './benchmarks/restore.js';
import { benchSteady } from './benchmarks/steady.js';
import type { Benchmark, BenchOptions, BenchResult } from './benchmarks/benchmark.js';
import type { Cost } from './benchmarks/measure.js';

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  http: benchHttp,
  fold: benchFold,
  aggregate: benchAggregate,
  fanout: benchFanout,
  idle: benchIdle,
  day: benchDay,
  deliver: benchDeliver,
  latency: benchLatency,
  steady: benchSteady,
  restore: benchRestore,
  failover: benchFailover,
  'giant-room': benchGiantRoom,
  memory: benchMemory,
};

function machine(): Readonly<Record<string, string | number>> {
  const [processor] = cpus();
  return {
    cores: cpus().length,
    processor: processor?.model ?? 'unknown',
    memory_gib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    v8: process.versions.v8,
    platform: `${process.platform} ${process.arch}`,
  };
}

function asJson(name: string, { workload, parameters, figures, operations, cost }: BenchResult): string {
  return JSON.stringify({
    benchmark: name,
    workload,
    parameters,
    figures: Object.fromEntries(figures.map((figure) => [figure.name, { value: figure.value, unit: figure.unit }])),
    cost: { ...cost, cpuSecondsPerMillion: perMillion(operations, cost.cpuSeconds) },
    machine: machine(),
  });
}

function asText(name: string, { workload, parameters, figures, operations, cost }: BenchResult): string {
  const list = (values: Readonly<Record<string, string | number>>): string =>
    Object.entries(values)
      .map(([key, value]) => `${key} ${value}`)
      .join(', ');
  return [
    `${name}: ${workload}`,
    `  parameters  ${list(parameters)}`,
    `  machine     ${list(machine())}`,
    ...figures.map((figure) => `  ${figure.name.padEnd(28)} ${readable(figure.value)} ${figure.unit}`),
    `  CPU ${readable(perMillion(operations, cost.cpuSeconds))} s per million, peak memory ${Math.round(cost.peakRssBytes / 2 ** 20)} MiB${collectionsText(cost)}`,
  ].join('\n');
}

function collectionsText({ collections }: Cost): string {
  if (collections === undefined) return '';
  const { pauses, totalMs, longestMs } = collections;
  return `, ${pauses} GC pauses (${readable(totalMs)} ms in all, longest ${readable(longestMs)} ms)`;
}

function perMillion(operations: number, cpuSeconds: number): number {
  return (cpuSeconds / operations) * 1e6;
}

function readable(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number > 0.');
  return value;
}

await new Command('bench')
  .description('Measures Rollcall. Every figure comes with its workload, seed, machine and cost.')
  .addArgument(new Argument('<name>', 'what to measure').choices(Object.keys(BENCHMARKS)))
  .option('--seconds <n>', 'about how long to measure', positive, 10)
  .option('--users <n>', 'how many users', positive, 200_000)
  .option('--seed <n>', 'seed of the workload', Number, 1)
  .option('--inputs <n>', 'how many inputs, where they are filled beforehand', positive, 2_000_000)
  .option('--partitions <n>', 'partitions of the topics', positive)
  .addOption(new Option('--log <log>', 'latency, steady: what all of Rollcall runs on').choices(['embedded', 'kafka']))
  .option('--rate <n>', 'latency: PUTs a second', positive)
  .option('--devices <n>', 'steady: how many devices poll', positive)
  .option('--streams', 'aggregate: the same inputs through Kafka Streams as well')
  .option('--profile <folder>', 'writes V8 CPU profiles of the measured process there')
  .option('--json', 'one JSON object on stdout')
  .action(async (name: string, { json, ...options }: BenchOptions & { json?: boolean }) => {
    const result = await BENCHMARKS[name]!(options);
    process.stdout.write(`${json === true ? asJson(name, result) : asText(name, result)}\n`);
  })
  .parseAsync();
