// `npm run -s scenarios -- FILE.jsonl`: replays timelines and compares them with their expected history. It stands
// apart from the tests so that files which are not in the repository can be run the same way.
import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import ora from 'ora';
import { LogUnavailableError } from '#libs/event-log';
import { ConfigurationError, onEndingSignal } from '#libs/runtime';
import { runScenarioThroughDomain } from '#libs/testing';
import { engineWay } from './engine-way.module.js';
import { kafkaWay, NoBrokerError } from './kafka-way.module.js';
import { reportScenarios, type ScenarioWay } from './scenario-report.js';

const WAYS = ['domain', 'engine', 'kafka'] as const;
type WayName = (typeof WAYS)[number];
/** Kafka is chosen explicitly: it needs a broker. */
const DEFAULT_WAYS: readonly WayName[] = ['domain', 'engine'];
const NOT_POSSIBLE = 2;
const INTERRUPTED = 130;
const NOT_POSSIBLE_ERRORS = [LogUnavailableError, NoBrokerError, ConfigurationError];

async function openWay(name: WayName): Promise<ScenarioWay> {
  switch (name) {
    case 'domain':
      return { name, width: 64, run: runScenarioThroughDomain };
    case 'engine':
      return engineWay();
    case 'kafka':
      return kafkaWay(process.env);
  }
}

/** Closes the ways, once, at the end or at a signal: nothing of the runs stays behind. A second signal ends the process at once. */
function onceClosing(ways: readonly ScenarioWay[]): () => Promise<void> {
  let closing: Promise<unknown> | undefined;
  const close = async (): Promise<void> => {
    closing ??= Promise.all(ways.map(async (way) => way.close?.()));
    await closing;
  };
  onEndingSignal(['SIGINT', 'SIGTERM'], () => {
    close().then(
      () => process.exit(INTERRUPTED),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(INTERRUPTED);
      },
    );
  });
  return close;
}

async function main(file: string, { through }: { through?: WayName }): Promise<number> {
  if (!existsSync(file)) {
    process.stderr.write(`There is no file ${file}. Give the path of a JSONL file with one scenario per line.\n`);
    return NOT_POSSIBLE;
  }
  const ways: ScenarioWay[] = [];
  const spinner = ora({ stream: process.stderr, isSilent: !process.stderr.isTTY || process.stdout.isTTY }).start(
    'scenarios',
  );
  const closeAll = onceClosing(ways);
  try {
    for (const name of through === undefined ? DEFAULT_WAYS : [through]) ways.push(await openWay(name));
    const onProgress = (done: number): void => {
      spinner.text = `${done} scenarios`;
    };
    const { passed, failed } = await reportScenarios({
      file,
      ways,
      print: (line) => process.stdout.write(`${line}\n`),
      onProgress,
    });
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
    return failed === 0 ? 0 : 1;
  } catch (error) {
    if (!NOT_POSSIBLE_ERRORS.some((kind) => error instanceof kind)) throw error;
    spinner.stop();
    process.stderr.write(`${(error as Error).message}\n`);
    return NOT_POSSIBLE;
  } finally {
    spinner.stop();
    await closeAll();
  }
}

await new Command('scenarios')
  .description('Replays presence timelines and compares changes and views with what they expect, exactly.')
  .argument('<file>', 'JSONL, one scenario per line (the format is described in libs/testing/README.md)')
  .addOption(
    new Option(
      '--through <way>',
      'the domain alone; the real aggregator on an embedded log, restarted midway; the same on Kafka (KAFKA_BROKERS, or a local broker); default: domain and engine',
    ).choices(WAYS),
  )
  .addHelpText(
    'after',
    '\nPrints `ok ID` or `FAIL ID: at …, expected …, got …` per scenario and `N passed, N failed` at the end. Exit 1: one failed. Exit 2: not possible, and a sentence says why.',
  )
  .action(async (file: string, options: { through?: WayName }) => {
    process.exitCode = await main(file, options);
  })
  .parseAsync();
