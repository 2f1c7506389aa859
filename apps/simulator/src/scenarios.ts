// `npm run -s scenarios -- FILE.jsonl`: replays timelines and compares them with their expected history. It stands
// apart from the tests so that files which are not in the repository can be run the same way.
import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import ora from 'ora';
import { runScenarioThroughDomain } from '#libs/testing';
import { engineWay } from './engine-way.module.js';
import { reportScenarios, type ScenarioWay } from './scenario-report.js';

const WAYS = ['domain', 'engine'] as const;
type WayName = (typeof WAYS)[number];

function openWay(name: WayName): ScenarioWay {
  switch (name) {
    case 'domain':
      return { name, width: 64, run: runScenarioThroughDomain };
    case 'engine':
      return engineWay();
  }
}

async function main(file: string, { through }: { through?: WayName }): Promise<number> {
  if (!existsSync(file)) {
    process.stderr.write(`There is no file ${file}. Give the path of a JSONL file with one scenario per line.\n`);
    return 2;
  }
  const ways = (through === undefined ? WAYS : [through]).map(openWay);
  const spinner = ora({ stream: process.stderr, isSilent: !process.stderr.isTTY || process.stdout.isTTY }).start(
    'scenarios',
  );
  try {
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
  } finally {
    spinner.stop();
    for (const way of ways) await way.close?.();
  }
}

await new Command('scenarios')
  .description('Replays presence timelines and compares changes and views with what they expect, exactly.')
  .argument('<file>', 'JSONL, one scenario per line (the format is described in libs/testing/README.md)')
  .addOption(
    new Option(
      '--through <way>',
      'the domain alone, or the real aggregator on an embedded log, restarted midway; default: both',
    ).choices(WAYS),
  )
  .addHelpText(
    'after',
    '\nPrints `ok ID` or `FAIL ID: at …, expected …, got …` per scenario and `N passed, N failed` at the end; exit 1 on any failure.',
  )
  .action(async (file: string, options: { through?: WayName }) => {
    process.exitCode = await main(file, options);
  })
  .parseAsync();
