// `npm run -s bench -- NAME`: measures one thing and prints what is needed to repeat it. Invariant: no figure without
// its workload, parameters, seed, machine and cost; told to end, it leaves no process and no folder behind.
import { fileURLToPath } from 'node:url';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { onEndingSignal } from '#libs/runtime';
import { benchAggregate } from './benchmarks/aggregate.js';
import { benchDeliver } from './benchmarks/deliver.js';
import { benchFanout } from './benchmarks/fanout.js';
import { benchField } from './benchmarks/field.js';
import { benchFold } from './benchmarks/fold.js';
import { benchGiantRoom } from './benchmarks/giant-room.js';
import { benchHttp } from './benchmarks/http.js';
import { benchIdle } from './benchmarks/idle.js';
import { benchDay } from './day.module.js';
import { benchLatency } from './benchmarks/latency.js';
import { benchMemory } from './benchmarks/memory.js';
import { benchFailover, benchRestore } from './benchmarks/restore.js';
import { benchSteady } from './benchmarks/steady.js';
import { benchSynapse } from './benchmarks/synapse.js';
import { runAll } from './benchmarks/all.js';
import type { Benchmark, BenchOptions } from './benchmarks/benchmark.js';
import { growth, GROWTH_HEAD, growthRow, type GrowthOptions } from './growth/table.js';
import { AXES, type Axis } from './growth/point.js';
import { WORKLOADS } from './load/workloads.js';
import { measuredIn } from './figures-file.js';
import { MARKDOWN_HEAD, asMarkdown, asText, markdownFoot, told, type ToldResult } from './report.js';
import { sizingTable } from './sizing.js';

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  http: benchHttp,
  fold: benchFold,
  aggregate: benchAggregate,
  fanout: benchFanout,
  field: benchField,
  idle: benchIdle,
  day: benchDay,
  deliver: benchDeliver,
  latency: benchLatency,
  steady: benchSteady,
  restore: benchRestore,
  failover: benchFailover,
  'giant-room': benchGiantRoom,
  memory: benchMemory,
  synapse: benchSynapse,
};

const INTERRUPTED = 130;

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number > 0.');
  return value;
}

interface Output {
  readonly axis?: Axis;
  readonly figures?: string;
  readonly json?: boolean | undefined;
  readonly markdown?: boolean | undefined;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function printer({ json, markdown }: Output): (result: ToldResult) => void {
  if (markdown === true) {
    say(MARKDOWN_HEAD);
    return (result) => say(asMarkdown(result));
  }
  return (result) => say(json === true ? JSON.stringify(result) : asText(result));
}

async function printAll(print: (result: ToldResult) => void, isQuick: boolean): Promise<readonly ToldResult[]> {
  const results: ToldResult[] = [];
  for await (const result of runAll(fileURLToPath(import.meta.url), isQuick)) {
    if (typeof result !== 'string') {
      print(result);
      results.push(result);
    } else {
      process.stderr.write(`${result}\n`);
      process.exitCode = 1;
    }
  }
  return results;
}

/** Points as they come, so that whoever ends it early keeps what there was. */
async function printGrowth(options: GrowthOptions, { json }: Output): Promise<void> {
  const results: ToldResult[] = [];
  if (json !== true) say(GROWTH_HEAD);
  for await (const result of growth(options)) {
    say(json === true ? JSON.stringify(result) : growthRow(result));
    if ('failed' in result) process.stderr.write(`${result.axis} ${result.value} failed: ${result.failed}\n`);
    else results.push(result);
  }
  if (json !== true && results.length > 0) say(markdownFoot(results));
}

function required(file: string | undefined): string {
  if (file === undefined)
    throw new InvalidArgumentError('sizing needs --figures FILE: npm run -s bench -- all --json > FILE');
  return file;
}

// What it started and the folders that it made go as it exits.
onEndingSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], () => process.exit(INTERRUPTED));
await new Command('bench')
  .description('Measures Rollcall. Every figure comes with its workload, seed, machine and cost.')
  .addArgument(
    new Argument('<name>', 'what to measure').choices([...Object.keys(BENCHMARKS), 'all', 'growth', 'sizing']),
  )
  .option('--seconds <n>', 'about how long to measure', positive, 10)
  .option('--users <n>', 'how many users', positive, 200_000)
  .option('--seed <n>', 'seed of the workload', Number, 1)
  .option('--inputs <n>', 'how many inputs, where they are filled beforehand', positive, 2_000_000)
  .option('--partitions <n>', 'partitions of the topics', positive)
  .addOption(new Option('--log <log>', 'latency, steady: what all of Rollcall runs on').choices(['embedded', 'kafka']))
  .option('--rate <n>', 'latency: PUTs a second; synapse: news a second', positive)
  .option(
    '--watchers <n>',
    'latency: of a room; it tells the CPU of an event delivered to one, by poll and by stream',
    positive,
  )
  .option('--devices <n>', 'steady: how many devices poll; more than 10,000 of them do not wait', positive)
  .option('--connections <n>', 'http, synapse: over how many PUTs come at once (64)', positive)
  .addOption(new Option('--workload <name>', 'field: what people do').choices(WORKLOADS))
  .option('--quick', 'all, synapse, growth: less of everything, for a look')
  .option('--streams', 'aggregate: the same inputs through Kafka Streams as well')
  .option('--profile <folder>', 'writes V8 CPU profiles of the measured process there')
  .option(
    '--figures <file>',
    'sizing: what `all --json` and `growth --json` printed; growth: points not to be measured again',
  )
  .addOption(new Option('--axis <name>', 'growth: only along this one').choices(AXES))
  .option('--json', 'one JSON object a result on stdout')
  .option('--markdown', 'rows of a table')
  .action(async (name: string, { figures, axis, json, markdown, ...options }: BenchOptions & Output) => {
    const print = printer({ json, markdown });
    if (name === 'sizing') return say(sizingTable(measuredIn(required(figures))));
    if (name === 'growth')
      return printGrowth({ isQuick: options.quick === true, seed: options.seed, only: axis, figures }, { json });
    const results =
      name === 'all' ? await printAll(print, options.quick === true) : [told(name, await BENCHMARKS[name]!(options))];
    if (name !== 'all') results.forEach(print);
    if (markdown === true) say(markdownFoot(results));
  })
  .parseAsync();
