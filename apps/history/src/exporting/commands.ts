// `rollcall export` as it is typed: options, help, and what it becomes.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type AddCommands, type CommandSetting, wholeNumber } from '../command-setting.js';
import type { ExportFormat } from './converter.js';
import { RECORDS_PER_FILE, isTableWord, runCheck, runExport } from './export-command.js';
import { TABLE_WORDS, type TableWord } from './tables.js';
import { readTime } from './window.js';

const exportHelp = `
One file per partition and range of offsets, and ${'manifest.json'} with counts and checksums. The same range gives the same bytes. A run
that was cut off, however hard, goes on when it is called again; so does a finished one, with what has come since. Works beside a
running server. Times are those of the changes (at_ts), from on and before to; memberships and rooms are exported whole. Whoever was
forgotten is in no export. --to may be given twice: a folder, and a time.

--pseudonymise KEYFILE: user and room ids become user-… and room-…, 32 hexadecimal digits of HMAC-SHA-256(key, id); status messages
are left out. The same key gives the same names in every export. Keep the key from whoever reads the export.

Examples:
  rollcall export --to history
  rollcall export --to yesterday --from 2026-11-25T00:00Z --to 2026-11-26T00:00Z --format ndjson
  rollcall export --to for-analysts --pseudonymise analysts.key
  rollcall export --check history
`;

interface ExportFlags {
  readonly to?: readonly string[];
  readonly until?: string;
  readonly from?: string;
  readonly format: ExportFormat;
  readonly topics: readonly TableWord[];
  readonly pseudonymise?: string;
  readonly recordsPerFile: number;
  readonly afresh?: true;
  readonly check?: string;
}

function tablesOf(text: string): readonly TableWord[] {
  const words = text.split(',').map((word) => word.trim());
  const unknown = words.find((word) => !isTableWord(word));
  if (unknown !== undefined) throw new InvalidArgumentError(`Possible: ${TABLE_WORDS.join(', ')}.`);
  return TABLE_WORDS.filter((word) => words.includes(word));
}

const gather = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

function timeOrFolder(text: string, nowMs: number): number | string {
  try {
    return readTime(text, nowMs);
  } catch {
    // Whatever is no time is a folder's name; two of them are refused, with what a time looks like.
    return text;
  }
}

async function exportAs(setting: CommandSetting, flags: ExportFlags, command: Command): Promise<number> {
  const { surroundings } = setting;
  const json = setting.isJson(command);
  const refuse = (sentence: string): never => command.error(sentence, { exitCode: 2 });
  if (flags.check !== undefined) return runCheck(flags.check, json, surroundings);
  const nowMs = surroundings.nowMs();
  const given = (flags.to ?? []).map((text) => timeOrFolder(text, nowMs));
  const folders = given.filter((value) => typeof value === 'string');
  const times = given.filter((value) => typeof value === 'number');
  const time = (text: string, flag: string): number => {
    try {
      return readTime(text, nowMs);
    } catch (error) {
      return refuse(`${flag} ${text}: ${(error as Error).message}`);
    }
  };
  if (flags.until !== undefined) times.push(time(flags.until, '--until'));
  const [to] = folders;
  if (to === undefined) return refuse('--to FOLDER is needed: where the export is written (or --check FOLDER)');
  if (folders.length > 1) {
    return refuse(
      `--to names ${folders.length} folders, ${folders.join(' and ')}. A time is written with its zone, such as 2026-11-26T08:00Z, or as a span before now, such as -2h.`,
    );
  }
  if (times.length > 1) return refuse('The end of the times is given twice.');
  const window = {
    ...(flags.from !== undefined && { fromMs: time(flags.from, '--from') }),
    ...(times[0] !== undefined && { toMs: times[0] }),
  };
  if ((window.fromMs ?? -Infinity) >= (window.toMs ?? Infinity)) return refuse('--from must lie before --to.');
  const { format, topics: tables, recordsPerFile, pseudonymise } = flags;
  const isAfresh = flags.afresh === true;
  const chosen = { to, format, tables, window, recordsPerFile, isAfresh, json };
  const keyed = { ...chosen, ...(pseudonymise !== undefined && { keyFile: pseudonymise }) };
  return runExport(keyed, setting.configuration(), surroundings);
}

export const addExportCommand: AddCommands = (setting) => {
  setting.program
    .command('export')
    .description('write the history into files: Parquet or NDJSON, with a manifest')
    .option('--to <folder or time>', 'where to; with a time also: changes before it', gather)
    .option('--from <time>', 'changes from it on: 2026-11-26T08:00Z, or -2h')
    .option('--until <time>', 'the same as --to with a time')
    .addOption(new Option('--format <format>').choices(['parquet', 'ndjson']).default('parquet'))
    .option('--topics <topics>', `some of ${TABLE_WORDS.join(', ')}`, tablesOf, TABLE_WORDS)
    .option('--pseudonymise <keyfile>', 'names instead of ids, by the key in this file; no status messages')
    .option('--records-per-file <number>', 'offsets that a file covers at most', wholeNumber(1), RECORDS_PER_FILE)
    .option('--afresh', 'replace the export that the folder holds')
    .option('--check <folder>', 'only look whether an export is as it was written')
    .option('--json', 'what was written as JSON')
    .addHelpText('after', exportHelp)
    .action(async (flags: ExportFlags, command: Command) => setting.finish(await exportAs(setting, flags, command)));
};
