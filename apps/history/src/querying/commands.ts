// `rollcall query` as it is typed: options, help, and what it becomes.
import { type Command, Option } from 'commander';
import type { AddCommands, CommandSetting } from '../command-setting.js';
import type { ResultFormat } from './printing.js';
import { runQuery } from './query-command.js';

const queryHelp = `
DuckDB's SQL, offline and read-only, over an export or over the log as it is now (copied to a folder of its own first; for more than
one question, export once). Views and macros:

  changes                    every change, its columns as exported, and its instant (at)
  stretches                  what each change showed, from then until the next
  sessions                   one row per user and stretch in one presence; to_ts is null while it goes on, and duration_ms is so far
  as_of(t)                   everybody's state at a time: select * from as_of('2026-11-26T08:00Z')
  online_seconds(user, day)  how long a user's presence was online on a day
  online_days                the same for every user and day on which it is more than nothing (user_id, day, seconds)
  concurrency                per minute how many were online, unavailable and busy when it began, and the peak of online within it
  flapping                   users and hours in which a presence was left and taken again within two minutes, three times or more
  memberships, rooms         as they are now
  known_until()              where the answers end: the export's end, or now

Days and hours are UTC, or those of --time-zone; instants are printed in UTC.

Examples:
  rollcall query "select presence, count(*) from as_of(known_until()) group by all"
  rollcall query --export history "select max(online_peak) from concurrency" --format json
  rollcall query --export history --file apps/history/examples/ten-questions.sql
`;

interface QueryFlags {
  readonly export?: string;
  readonly file?: string;
  readonly format?: ResultFormat;
  readonly timeZone: string;
}

async function query(
  setting: CommandSetting,
  sql: string | undefined,
  flags: QueryFlags,
  command: Command,
): Promise<void> {
  const { file, export: folder, timeZone } = flags;
  if ((sql === undefined) === (file === undefined)) {
    command.error('Either a query or --file with queries is needed.', { exitCode: 2 });
  }
  const format = flags.format ?? (setting.isJson(command) ? 'json' : 'table');
  const asked = {
    ...{ format, timeZone },
    ...(sql !== undefined && { sql }),
    ...(file !== undefined && { file }),
    ...(folder !== undefined && { folder }),
  };
  setting.finish(await runQuery(asked, setting.configuration, setting.surroundings));
}

export const addQueryCommand: AddCommands = (setting) => {
  setting.program
    .command('query')
    .description('ask the history in SQL')
    .argument('[sql]', 'one or more statements')
    .option('--export <folder>', 'an export; absent: the log')
    .option('--file <file>', 'statements from a file, or - for standard input')
    .addOption(new Option('--format <format>', 'absent: table').choices(['table', 'csv', 'json', 'ndjson']))
    .option('--time-zone <name>', 'in which days and hours are meant', 'UTC')
    .option('--json', 'the same as --format json')
    .addHelpText('after', queryHelp)
    .action(async (sql: string | undefined, flags: QueryFlags, command: Command) =>
      query(setting, sql, flags, command),
    );
};
