// `rollcall import` and `rollcall produce` as they are typed: options, help, and what they become.
import { type Command, Option } from 'commander';
import { type AddCommands, type CommandSetting, only, wholeNumber } from '../command-setting.js';
import { type FeedCommand, runFeed } from './feed-command.js';
import type { LineFormat } from './judging.js';

const importHelp = `
Lines: {"room_id":"!r:hs","user_id":"@a:hs","membership":"join"} or, with .csv or --format csv, !r:hs,@a:hs,join
(a header line room_id,user_id,membership may come first). Bad lines are reported with their numbers and skipped.

Examples:
  rollcall import memberships members.csv
  zcat members.ndjson.gz | rollcall import memberships - --server http://127.0.0.1:8090
`;

const produceHelp = `
Examples:
  echo '{"type":"device.active","user_id":"@a:hs"}' | rollcall produce activity - --server http://127.0.0.1:8090
  rollcall produce rooms withheld.ndjson
  echo 'not JSON' | rollcall produce activity - --unchecked --key @a:hs     (poison, to see it rejected)
`;

interface FeedFlags {
  readonly format?: LineFormat;
  readonly server?: string;
  readonly fromLine?: number;
  readonly unchecked?: true;
  readonly key?: string;
}

async function feed({ configuration, surroundings, finish }: CommandSetting, command: FeedCommand): Promise<void> {
  finish(await runFeed(command, configuration(), surroundings));
}

function addImport(setting: CommandSetting): void {
  setting.program
    .command('import')
    .description('write who is where, again and again without harm')
    .addHelpText('after', importHelp)
    .command('memberships')
    .description('write memberships from a file or a pipe')
    .argument('<file>', 'a file, or - for standard input')
    .addOption(new Option('--format <format>', 'absent: csv for *.csv, else ndjson').choices(['ndjson', 'csv']))
    .option('--server <url>', 'write through this server, which holds the log')
    .option('--from-line <number>', 'skip the lines before it; absent: where a cut-off import stopped', wholeNumber(1))
    .option('--json', 'the counts and the bad lines as JSON')
    .addHelpText('after', importHelp)
    .action(async (file: string, { format, server, fromLine }: FeedFlags, command: Command) => {
      const chosen = {
        ...(format && { format }),
        ...(server !== undefined && { server }),
        ...(fromLine !== undefined && { fromLine }),
      };
      await feed(setting, { topic: 'memberships', file, json: setting.isJson(command), isResumable: true, ...chosen });
    });
}

function addProduce(setting: CommandSetting): void {
  setting.program
    .command('produce')
    .description('append records of activity, commands or rooms')
    .argument('<what>', 'activity, commands or rooms', only('activity', 'commands', 'rooms'))
    .argument('<file>', 'a file of JSON lines, or - for standard input')
    .option('--server <url>', 'write through this server, which holds the log')
    .option('--from-line <number>', 'skip the lines before it', wholeNumber(1))
    .option('--unchecked', 'append the lines’ bytes as they are, under --key')
    .option('--key <key>', 'the key of unchecked lines')
    .option('--json', 'the counts and the bad lines as JSON')
    .addHelpText('after', produceHelp)
    .action(async (what: 'activity' | 'commands' | 'rooms', file: string, flags: FeedFlags, command: Command) => {
      const { server, fromLine, unchecked, key } = flags;
      if ((unchecked === true) !== (key !== undefined)) {
        command.error(
          '--unchecked and --key go together: a checked line’s key is computed, an unchecked one’s is given',
          { exitCode: 2 },
        );
      }
      const chosen = {
        ...(server !== undefined && { server }),
        ...(fromLine !== undefined && { fromLine }),
        ...(key !== undefined && { uncheckedKey: key }),
      };
      await feed(setting, { topic: what, file, json: setting.isJson(command), isResumable: false, ...chosen });
    });
}

export const addFeedingCommands: AddCommands = (setting) => {
  addImport(setting);
  addProduce(setting);
};
