// `rollcall log read` as it is typed: options, help, and what it becomes.
import { type AddCommands, type CommandSetting, wholeNumber } from '../command-setting.js';
import { withLog } from '../surroundings.js';
import { readTopic } from './read-topic.js';
import { chooseTopic } from './topic-choice.js';

const readHelp = `
One JSON object a line: partition, offset, timestamp, key, value, headers. Works beside a running server.

Examples:
  rollcall log read changes
  rollcall log read presence.states --partition 3 --from 100 --follow
  rollcall log read @bot:example.org          (the topic of that recipient)
`;

interface ReadFlags {
  readonly partition?: number;
  readonly from?: number;
  readonly follow?: true;
}

async function read(setting: CommandSetting, name: string, { partition, from, follow }: ReadFlags): Promise<void> {
  const configuration = setting.configuration();
  const { stdout, ending } = setting.surroundings;
  await withLog(setting.surroundings, configuration, 'read', async (log) => {
    const topic = await chooseTopic(log, configuration.topics.prefix, name);
    const chosen = { ...(partition !== undefined && { partition }), ...(from !== undefined && { from }) };
    await readTopic({ log, topic, follow: follow === true, stdout, ending, ...chosen });
  });
}

export const addReadingCommands: AddCommands = (setting) => {
  setting.program
    .command('log')
    .description('look into the log')
    .command('read')
    .description('print a topic’s records, to its end as it is now')
    .argument('<topic>', 'with or without the prefix')
    .option('--partition <number>', 'only this one', wholeNumber(0))
    .option('--from <offset>', 'the first offset of each partition', wholeNumber(0))
    .option('--follow', 'go on with whatever comes')
    .option('--json', 'as always')
    .addHelpText('after', readHelp)
    .action(async (name: string, flags: ReadFlags) => read(setting, name, flags));
};
