// The aggregator through Kafka: topics made by `rollcall topics create`, filled by an independent Java producer, then folded
// by the real process. Its rate is read from the progress that it commits, its CPU from the process; the broker's CPU and
// its own ceiling stand beside it. With `--streams` the same inputs go through Kafka Streams as well, in the same run.
import { runJava, startJava } from '../processes/java.js';
import { MeasuredProcess } from '../processes/measured-process.js';
import { PROGRAMS } from '../processes/programs.js';
import { endOf, inputsTaken } from '../kafka/progress-watch.js';
import { Workbench } from '../kafka/workbench.js';
import type { BenchOptions, BenchResult, Figure } from './benchmark.js';
import type { Cost } from './measure.js';

const PARTITIONS = 8;
const LOOK_MS = 100;
const LIMIT_MS = 300_000;
const HEAP_MB = 1_024;

interface Run {
  readonly inputs: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly brokerCpuSeconds: number | undefined;
  readonly startedSeconds: number;
  readonly cost: Cost;
}

export async function benchAggregate(options: BenchOptions): Promise<BenchResult> {
  const { users, seed, inputs, streams, profile, partitions = PARTITIONS } = options;
  const bench = await Workbench.open({ partitions });
  try {
    const ceiling = await bench.ceiling();
    await fill(bench, options);
    const ours = await runAggregator(bench, inputs, { profile });
    const figures = [
      ...figuresOf('inputs folded', ours),
      ...ours.written.map(([topic, records]) => ({
        name: `records in ${topic}`,
        value: records / inputs,
        unit: 'an input',
      })),
      { name: 'ceiling of the broker, produce', value: ceiling.producedPerSecond, unit: 'records/s' },
      { name: 'ceiling of the broker, consume', value: ceiling.consumedPerSecond, unit: 'records/s' },
      { name: 'share of the consume ceiling', value: ours.inputs / ours.seconds / ceiling.consumedPerSecond, unit: '' },
      ...(streams === true ? against(ours, await runStreams(bench, inputs)) : []),
    ];
    return {
      workload:
        '90 % activity, 8 % connects, 2 % commands, filled by a Java producer; one aggregator process, transactions',
      parameters: { users, seed, inputs, partitions, broker_heap_mb: HEAP_MB },
      figures,
      versions: bench.versions,
      operations: ours.inputs,
      cost: ours.cost,
    };
  } finally {
    await bench.close();
  }
}

export async function fill({ broker, prefix }: Workbench, { inputs, users, seed }: BenchOptions): Promise<void> {
  await runJava(
    'fill-inputs',
    {
      program: { source: 'fill-inputs' },
      arguments: [broker.brokers, prefix, String(inputs), String(users), String(seed)],
      heapMb: HEAP_MB,
    },
    /filled (\d+) (\d+)/,
  );
}

interface HowRun {
  readonly profile?: string | undefined;
  /** Absent: it stops properly. */
  readonly ends?: 'killed';
}

interface AggregatorRun extends Run {
  /** Records in each topic that it writes, before it stops: stopping writes what was only in memory. */
  readonly written: readonly [topic: string, records: number][];
}

export async function runAggregator(
  bench: Workbench,
  inputs: number,
  { profile, ends }: HowRun = {},
): Promise<AggregatorRun> {
  const aggregator = bench.keep(
    MeasuredProcess.node('aggregator', PROGRAMS.aggregator, bench.environment, { profile }),
  );
  const run = await watch(bench, aggregator, { inputs, taken: () => inputsTaken(bench.log, bench.topics.states) });
  const written = await recordsWritten(bench);
  await (ends === 'killed' ? aggregator.kill() : aggregator.stop());
  return { ...run, written };
}

async function runStreams(bench: Workbench, inputs: number): Promise<Run> {
  const { log, prefix, topics, broker } = bench;
  const partitions = (await log.ends(topics.activity)).length;
  await log.createTopics(
    ['streams-changes', 'streams-states'].map((name) => ({
      name: prefix + name,
      partitions,
      cleanup: 'delete' as const,
      timestamps: 'create' as const,
    })),
  );
  const streams = bench.keep(
    await startJava('presence-streams', {
      program: { source: 'presence-streams' },
      arguments: [broker.brokers, prefix, `/tmp/rollcall-streams-${process.pid}`],
      heapMb: HEAP_MB,
    }),
  );
  const taken = async (): Promise<number> => {
    const committed = await Promise.all(
      [topics.activity, topics.commands].map((topic) => log.committed(`${prefix}streams`, topic)),
    );
    return committed.flatMap((of) => [...of.values()]).reduce((sum, { offset }) => sum + offset, 0);
  };
  const run = await watch(bench, streams, { inputs, taken });
  await streams.stop();
  return run;
}

interface Watched {
  readonly inputs: number;
  readonly taken: () => Promise<number>;
}

/** From the first progress that is seen to the last input: starting and joining stay outside and are told apart. */
async function watch({ broker }: Workbench, started: MeasuredProcess, { inputs, taken }: Watched): Promise<Run> {
  const startMs = performance.now();
  let first: { taken: number; cpuSeconds: number; atMs: number; broker: number | undefined } | undefined;
  for (;;) {
    const now = await taken();
    const { cpuSeconds, atMs } = started.usage();
    if (first === undefined && now > 0) {
      first = { taken: now, cpuSeconds, atMs, broker: broker.cpuSeconds() };
      started.collections();
    }
    if (now >= inputs && first !== undefined) {
      const brokerNow = broker.cpuSeconds();
      const seconds = (atMs - first.atMs) / 1000;
      return {
        inputs: now - first.taken,
        seconds,
        cpuSeconds: cpuSeconds - first.cpuSeconds,
        brokerCpuSeconds: brokerNow === undefined ? undefined : brokerNow - (first.broker ?? 0),
        startedSeconds: (first.atMs - startMs) / 1000,
        cost: {
          wallSeconds: seconds,
          cpuSeconds: cpuSeconds - first.cpuSeconds,
          peakRssBytes: started.peakRssBytes(),
          collections: started.collections(),
        },
      };
    }
    if (atMs - startMs > LIMIT_MS) throw new Error(`${started.name} took ${now} of ${inputs} inputs in ${LIMIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function recordsWritten({ log, topics }: Workbench): Promise<[string, number][]> {
  const names = ['changes', 'states', 'registers'] as const;
  return Promise.all(names.map(async (name): Promise<[string, number]> => [name, await endOf(log, topics[name])]));
}

function figuresOf(name: string, { inputs, seconds, cpuSeconds, brokerCpuSeconds, startedSeconds }: Run): Figure[] {
  const perMillion = (cpu: number): number => (cpu / inputs) * 1e6;
  return [
    { name, value: inputs / seconds, unit: '/s' },
    { name: 'CPU', value: perMillion(cpuSeconds), unit: 's per million' },
    ...(brokerCpuSeconds === undefined
      ? []
      : [{ name: 'CPU of the broker', value: perMillion(brokerCpuSeconds), unit: 's per million' }]),
    { name: 'from start to first commit', value: startedSeconds, unit: 's' },
  ];
}

function against(ours: Run, theirs: Run): Figure[] {
  const rate = ({ inputs, seconds }: Run): number => inputs / seconds;
  const cpu = ({ inputs, cpuSeconds }: Run): number => cpuSeconds / inputs;
  return [
    ...figuresOf('inputs, Kafka Streams', theirs).map((figure) =>
      figure.name.includes('Streams') ? figure : { ...figure, name: `Kafka Streams: ${figure.name}` },
    ),
    { name: 'Kafka Streams: peak memory', value: theirs.cost.peakRssBytes / 2 ** 20, unit: 'MiB' },
    { name: 'rate against Kafka Streams', value: rate(ours) / rate(theirs), unit: 'x' },
    { name: 'CPU against Kafka Streams', value: cpu(ours) / cpu(theirs), unit: 'x' },
  ];
}
