// `rollcall topics copy` as it is typed: what it copies from where to where, and what it prints.
import type { Command } from 'commander';
import { type CommandSetting, wholeNumber } from '../command-setting.js';
import { Progress } from '../progress.js';
import type { Surroundings } from '../surroundings.js';
import { type CopyOutcome, copyTopics } from './copy-topics.js';
import { opened, type Place, placeOf, requireTwo } from './places.js';

const HELP = `
A place is a prefix on the log of the environment (KAFKA_BROKERS, or else DATA_DIR), or, with a slash in it, a directory with
an embedded log, whose topics begin with TOPIC_PREFIX:
  KAFKA_BROKERS=… rollcall topics copy --from presence. --to wide. --partitions 16
  KAFKA_BROKERS=… rollcall topics copy --from ./data --to presence.
Stop every service first. States, registers, memberships, rooms and history go; inputs begin anew; rejected records, snapshots
and deliveries stay. A copy that was cut off goes on when the same command is run again. The timings (IDLE_AFTER_MS …) must be
those of the services. Exit 0: copied, and equal.
`;

interface CopyOptions {
  readonly from: string;
  readonly to: string;
  readonly partitions?: number;
}

export function addCopyCommand(topics: Command, setting: CommandSetting): void {
  topics
    .command('copy')
    .description('the whole log to another prefix, another partition count, or from an embedded log to Kafka')
    .requiredOption('--from <place>', 'what is copied')
    .requiredOption('--to <place>', 'where nothing is yet')
    .option('--partitions <count>', 'of the copy; as many as there are when absent', wholeNumber(1))
    .option('--json', 'the result as JSON')
    .addHelpText('after', HELP)
    .action(async (options: CopyOptions, command: Command) => {
      setting.finish(await copy(options, setting, setting.isJson(command)));
    });
}

async function copy({ from, to, partitions }: CopyOptions, setting: CommandSetting, json: boolean): Promise<number> {
  const { surroundings } = setting;
  const configuration = setting.configuration();
  const folder = surroundings.folders[0] ?? '.';
  const [source, target] = [placeOf(from, configuration, folder), placeOf(to, configuration, folder)];
  requireTwo(source, target);
  const progress = new Progress(surroundings);
  try {
    const outcome = await withBoth(surroundings, source, target, (places) =>
      copyTopics({
        ...places,
        ...(partitions === undefined ? {} : { partitions }),
        policy: configuration.policy,
        ending: surroundings.ending,
        note: (sentence) => progress.note(sentence),
        show: (say) => {
          progress.show(say);
        },
      }),
    );
    await progress.end();
    await surroundings.stdout.write(json ? `${JSON.stringify(outcome)}\n` : told(outcome, target));
    return 0;
  } finally {
    await progress.end();
  }
}

type Places = Pick<Parameters<typeof copyTopics>[0], 'from' | 'to'>;

/** One log is opened once. */
async function withBoth<T>(
  { openLog }: Surroundings,
  from: Place,
  to: Place,
  use: (places: Places) => Promise<T>,
): Promise<T> {
  const source = await openLog(from.configuration, 'hold');
  try {
    const isOne = from.logKey === to.logKey;
    const target = isOne ? source : await openLog(to.configuration, 'make');
    try {
      return await use({ from: opened(from, source), to: opened(to, target) });
    } finally {
      if (!isOne) await target.close();
    }
  } finally {
    await source.close();
  }
}

function told({ outcome, from, partitions, deliveryPartitions, compared }: CopyOutcome, to: Place): string {
  const lines = Object.entries(compared).map(
    ([word, { count, digest }]) => `${word.padEnd(11)} ${String(count).padStart(9)}  ${digest}  equal`,
  );
  const where = to.isEmbedded ? `DATA_DIR=${to.configuration.dataDirectory} ` : '';
  const next = `${where}TOPIC_PREFIX=${to.prefix} PARTITIONS=${partitions} DELIVERY_PARTITIONS=${deliveryPartitions}`;
  const said = outcome === 'copied' ? 'Copied' : 'Copied before, and nothing was written since';
  return `${lines.map((line) => `${line}\n`).join('')}${said}: ${from} → ${to.words}. Start the services there with ${next}\n`;
}
