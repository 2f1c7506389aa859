// `rollcall export`: what was asked for becomes one run in one folder, or goes on with the run that was cut off there. Invariant: a
// folder holds one export, of one log with one set of settings; whatever goes wrong, nothing half-written stays in it.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { EventLog } from '#libs/event-log';
import type { Configuration } from '#libs/runtime';
import { Failure } from '../failure.js';
import { Progress } from '../progress.js';
import { type Surroundings, withLog } from '../surroundings.js';
import { tableOf } from '../topics/table.js';
import { checkExport, finishedManifest } from './check.js';
import { Converter, type ExportFormat } from './converter.js';
import { ExportFolder, diskFailure } from './folder.js';
import { type ExportSettings, MANIFEST, type Manifest, UNFINISHED, readManifest, writeManifest } from './manifest.js';
import { Pseudonyms } from './pseudonyms.js';
import { ExportRun, type Outcome } from './run.js';
import { type Source, lookAt } from './source.js';
import { TABLE_WORDS, type TableWord } from './tables.js';
import { type Window, shownTime, shownWindow } from './window.js';

/** 2^18: two row groups of Parquet. */
export const RECORDS_PER_FILE = 262_144;

export interface ExportCommand {
  readonly to: string;
  readonly format: ExportFormat;
  readonly tables: readonly TableWord[];
  readonly window: Window;
  readonly keyFile?: string;
  readonly recordsPerFile: number;
  /** Writes everything again, whatever the folder holds of an export. */
  readonly isAfresh: boolean;
  readonly json: boolean;
}

/** A folder as it is meant: from where the command was called. */
export function folderAt({ folders }: Pick<Surroundings, 'folders'>, name: string): string {
  const existing = folders.map((folder) => resolve(folder, name)).find((path) => existsSync(path));
  return existing ?? resolve(folders[0] ?? '.', name);
}

function settingsOf(command: ExportCommand, source: Source, pseudonyms: Pseudonyms | undefined): ExportSettings {
  const { fromMs, toMs } = command.window;
  return {
    format: command.format,
    window: { ...(fromMs !== undefined && { from_ts: fromMs }), ...(toMs !== undefined && { to_ts: toMs }) },
    ...(pseudonyms && { pseudonyms: { algorithm: 'HMAC-SHA-256', key_fingerprint: pseudonyms.fingerprint } }),
    records_per_file: command.recordsPerFile,
    topics: source.topics.map(({ table, topic, id, ends }) => ({ table, topic, id, partitions: ends.length })),
  };
}

/** The first thing in which two exports differ, in words; undefined: none. */
function differenceOf(before: ExportSettings, now: ExportSettings): string | undefined {
  if (before.format !== now.format) return `it is ${before.format}, not ${now.format}`;
  if (JSON.stringify(before.window) !== JSON.stringify(now.window)) {
    const { from_ts: from, to_ts: to } = before.window;
    const shown = shownWindow({ ...(from !== undefined && { fromMs: from }), ...(to !== undefined && { toMs: to }) });
    return `it holds ${shown === '' ? 'all times' : `the times ${shown}`}`;
  }
  if (JSON.stringify(before.pseudonyms) !== JSON.stringify(now.pseudonyms)) {
    if (before.pseudonyms === undefined) return 'it shows user ids';
    return now.pseudonyms === undefined ? 'it is pseudonymous' : 'its pseudonyms are of another key';
  }
  if (before.records_per_file !== now.records_per_file) return `its files hold ${before.records_per_file} offsets each`;
  const shownTopics = ({ topics }: ExportSettings): string => topics.map(({ topic }) => topic).join(', ');
  if (shownTopics(before) !== shownTopics(now)) return `it holds ${shownTopics(before)}`;
  return JSON.stringify(before.topics) === JSON.stringify(now.topics) ? undefined : 'it is of another log';
}

const isErasureMissing = (before: Manifest, source: Source): boolean =>
  source.forgotten.lastErasures.some((offset, partition) => offset > (before.last_erasures[partition] ?? -1));

/** What an earlier run left that this one may go on with. */
function earlierRun(folder: string, settings: ExportSettings, source: Source): Manifest | undefined {
  const unfinished = readManifest(folder, UNFINISHED);
  const before = unfinished ?? readManifest(folder, MANIFEST);
  if (before === undefined) return undefined;
  const difference = differenceOf(before, settings);
  if (difference !== undefined) {
    throw new Failure(
      `${folder} holds another export: ${difference}. Choose another folder, or give --afresh to replace it.`,
    );
  }
  if (!isErasureMissing(before, source)) return before;
  if (!existsSync(resolve(folder, MANIFEST))) return undefined;
  throw new Failure(
    `Somebody was forgotten since ${folder} was exported, and it still holds them. Give --afresh to write it anew without them.`,
  );
}

/** From here on the folder holds a run that has begun, and nothing that could be taken for a finished export. */
function forgetEarlierRun(folder: ExportFolder, settings: ExportSettings): void {
  const begun = {
    rollcall_export: 1,
    complete: false,
    ...settings,
    last_erasures: [],
    records: {},
    pieces: [],
  } as const;
  writeManifest(folder.path, UNFINISHED, begun);
  folder.remove(MANIFEST);
}

class ExportWay {
  readonly #command: ExportCommand;
  readonly #surroundings: Surroundings;
  readonly #progress: Progress;

  constructor(command: ExportCommand, surroundings: Surroundings) {
    this.#command = command;
    this.#surroundings = surroundings;
    this.#progress = new Progress(surroundings);
  }

  /** Says nothing of what it wrote; whether it wrote all. */
  async goQuietly(log: EventLog, prefix: string): Promise<boolean> {
    const { outcome } = await this.#write(log, prefix);
    return !outcome.isCutOff;
  }

  async go(log: EventLog, prefix: string): Promise<number> {
    const { path, outcome } = await this.#write(log, prefix);
    return this.#conclude(path, outcome);
  }

  async #write(log: EventLog, prefix: string): Promise<{ readonly path: string; readonly outcome: Outcome }> {
    const { keyFile, to } = this.#command;
    const pseudonyms =
      keyFile === undefined ? undefined : Pseudonyms.fromFile(folderAt(this.#surroundings, keyFile), keyFile);
    const folder = ExportFolder.take(folderAt(this.#surroundings, to));
    let isEmpty = true;
    try {
      const outcome = await this.#run(log, prefix, { folder, pseudonyms });
      isEmpty = false;
      return { path: folder.path, outcome };
    } finally {
      await this.#progress.end();
      folder.release(isEmpty);
    }
  }

  async #run(
    log: EventLog,
    prefix: string,
    { folder, pseudonyms }: { readonly folder: ExportFolder; readonly pseudonyms: Pseudonyms | undefined },
  ): Promise<Outcome> {
    const { tables, window, isAfresh } = this.#command;
    const { ending } = this.#surroundings;
    const onProgress = (say: () => string): void => this.#progress.show(say);
    const source = await lookAt({ log, prefix, tables, onProgress, ending });
    const settings = settingsOf(this.#command, source, pseudonyms);
    const before = isAfresh ? undefined : earlierRun(folder.path, settings, source);
    if (isAfresh) forgetEarlierRun(folder, settings);
    if (before !== undefined && !before.complete)
      await this.#progress.note('Going on with the export that was cut off.');
    const converter = await Converter.open();
    try {
      const run = new ExportRun({
        ...{ log, folder, converter, settings, source, window, pseudonyms, ending, onProgress },
        written: before?.pieces ?? [],
        onNote: (sentence) => this.#progress.note(sentence),
      });
      const outcome = await run.run();
      if (!outcome.isCutOff) await this.#finish(folder, source, outcome);
      return outcome;
    } finally {
      converter.close();
    }
  }

  /** The new manifest in the old one's place, and away with files that it does not name. */
  async #finish(folder: ExportFolder, source: Source, { manifest, seenMs }: Outcome): Promise<void> {
    const { window, tables } = this.#command;
    const isWindowed = window.fromMs !== undefined || window.toMs !== undefined;
    if (isWindowed && tables.includes('changes') && manifest.records.changes === 0 && seenMs.first <= seenMs.last) {
      for (const { file } of manifest.pieces) if (file !== undefined) folder.remove(file.path);
      folder.remove(UNFINISHED);
      throw new Failure(
        `There is no change ${shownWindow(window)}: the log holds changes from ${shownTime(seenMs.first)} to ${shownTime(seenMs.last)}.`,
      );
    }
    const isCut = source.topics.some(({ table, starts }) => table === 'changes' && starts.some((start) => start > 0));
    if (window.fromMs !== undefined && window.fromMs < seenMs.first && isCut) {
      await this.#progress.note(
        `What was before ${shownTime(seenMs.first)} is no longer in the log (retention); the export begins there.`,
      );
    }
    writeManifest(folder.path, MANIFEST, manifest);
    folder.remove(UNFINISHED);
    const named = new Set(manifest.pieces.map(({ file }) => file?.path));
    for (const { topic } of manifest.topics) {
      const ours = new RegExp(`^${topic.replaceAll('.', '\\.')}-\\d{5}-\\d{12,}-\\d{12,}\\.(parquet|ndjson)$`);
      for (const name of folder.names(ours)) if (!named.has(name)) folder.remove(name);
    }
  }

  async #conclude(path: string, outcome: Outcome): Promise<number> {
    const { manifest, filesWritten, recordsWritten, isCutOff } = outcome;
    await this.#progress.end();
    if (isCutOff) {
      await this.#progress.note(`Stopped after ${filesWritten} files. The same command goes on there.`);
      return 1;
    }
    const files = manifest.pieces.filter(({ file }) => file !== undefined);
    const unreadable = manifest.pieces.reduce((sum, piece) => sum + (piece.unreadable ?? 0), 0);
    if (this.#command.json) {
      const written = { files: files.length, files_written: filesWritten, records_written: recordsWritten };
      const shown = {
        folder: path,
        manifest: resolve(path, MANIFEST),
        records: manifest.records,
        ...written,
        unreadable,
      };
      await this.#surroundings.stdout.write(`${JSON.stringify(shown)}\n`);
      return 0;
    }
    const rows = manifest.topics.map(({ table, topic, partitions }) => {
      const own = files.filter((piece) => piece.table === table);
      const bytes = own.reduce((sum, { file }) => sum + (file?.bytes ?? 0), 0);
      return [topic, partitions, own.length, manifest.records[table] ?? 0, bytes];
    });
    await this.#surroundings.stdout.write(tableOf(['topic', 'partitions', 'files', 'records', 'bytes'], rows));
    await this.#surroundings.stdout.write(`${path}: ${filesWritten} files written, ${recordsWritten} records\n`);
    return 0;
  }
}

/** Resolves to the exit code: 1 when it was cut off. */
export async function runExport(
  command: ExportCommand,
  configuration: Configuration,
  surroundings: Surroundings,
): Promise<number> {
  const { prefix } = configuration.topics;
  return withLog(surroundings, configuration, 'read', (log) => new ExportWay(command, surroundings).go(log, prefix));
}

/** The same for another command that needs the history as files; false: told to end in the middle. */
export async function exportQuietly(
  command: ExportCommand,
  configuration: Configuration,
  surroundings: Surroundings,
): Promise<boolean> {
  const { prefix } = configuration.topics;
  return withLog(surroundings, configuration, 'read', (log) =>
    new ExportWay(command, surroundings).goQuietly(log, prefix),
  );
}

/** `rollcall export --check`: exit code 1 when something is not what was written. */
export async function runCheck(name: string, json: boolean, surroundings: Surroundings): Promise<number> {
  const folder = folderAt(surroundings, name);
  const progress = new Progress(surroundings);
  const manifest = finishedManifest(folder);
  let checked;
  try {
    checked = await checkExport(folder, manifest, (path) => progress.show(() => path));
  } catch (error) {
    throw diskFailure(error, folder) ?? error;
  } finally {
    await progress.end();
  }
  const { files, records, faults } = checked;
  for (const fault of faults) await progress.note(`${fault}.`);
  const isGood = faults.length === 0;
  const sentence = isGood
    ? `${files} files and ${records} records, as they were written`
    : `${faults.length} faults in ${files} files. Export anew into another folder.`;
  await surroundings.stdout.write(json ? `${JSON.stringify({ folder, files, records, faults })}\n` : `${sentence}\n`);
  return isGood ? 0 : 1;
}

export const isTableWord = (word: string): word is TableWord => (TABLE_WORDS as readonly string[]).includes(word);
