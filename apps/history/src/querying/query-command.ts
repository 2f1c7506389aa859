// `rollcall query`: SQL over an export, or over the log itself, which is exported into a folder of its own first and removed
// afterwards. Invariant: nothing of the log stays behind, and no query writes anything.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Configuration } from '#libs/runtime';
import { finishedManifest } from '../exporting/check.js';
import { RECORDS_PER_FILE, exportQuietly, folderAt } from '../exporting/export-command.js';
import { NoRoom, diskFailure, messageOf } from '../exporting/folder.js';
import type { Manifest } from '../exporting/manifest.js';
import { TABLE_WORDS, type TableWord } from '../exporting/tables.js';
import { Failure } from '../failure.js';
import { Progress } from '../progress.js';
import type { Surroundings } from '../surroundings.js';
import { Database, queryFailure } from './database.js';
import { type ResultFormat, printerOf } from './printing.js';
import { type Statement, readStatements } from './statements.js';
import { type Shown, shown } from './values.js';
import type { Span, TableFiles } from './views.js';

export interface QueryCommand {
  readonly sql?: string;
  /** A file of statements, or - for standard input. */
  readonly file?: string;
  /** An export; absent: the log. */
  readonly folder?: string;
  readonly format: ResultFormat;
  readonly timeZone: string;
}

async function textOfFile(surroundings: Surroundings, file: string): Promise<string> {
  if (file === '-') {
    const chunks: Uint8Array[] = [];
    for await (const chunk of surroundings.stdin) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }
  try {
    return readFileSync(folderAt(surroundings, file), 'utf8');
  } catch (error) {
    throw new Failure(`The file ${file} cannot be read: ${(error as Error).message}`);
  }
}

async function statementsOf({ sql, file }: QueryCommand, surroundings: Surroundings): Promise<readonly Statement[]> {
  const text = sql ?? (await textOfFile(surroundings, file ?? '-'));
  const statements = readStatements(text);
  if (statements.length === 0) throw new Failure(`${file ?? 'The query'} holds no statement.`, 2);
  return statements;
}

/** A file that is cut off is told before DuckDB stumbles over it. */
function filesOf(folder: string, manifest: Manifest): TableFiles {
  const files: Partial<Record<TableWord, string[]>> = {};
  for (const { table } of manifest.topics) files[table] = [];
  for (const { table, file } of manifest.pieces) {
    if (file === undefined) continue;
    const path = join(folder, file.path);
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size !== file.bytes) {
      const what = size === undefined ? 'is missing' : `has ${size} bytes, not ${file.bytes}`;
      throw new Failure(
        `${path} ${what}: the export is not as it was written. rollcall export --check ${folder} tells more.`,
      );
    }
    files[table]?.push(path);
  }
  if (files.changes === undefined) {
    throw new Failure(`The export in ${folder} holds no changes (it was made with --topics); the views need them.`);
  }
  return files;
}

/** What an export knows about: its times, else those of its changes. A log is known up to now. */
function spanOf({ window, pieces }: Manifest, nowMs: number | undefined): Span {
  let first = Infinity;
  let last = -Infinity;
  for (const { table, file } of pieces) {
    if (table !== 'changes' || file === undefined) continue;
    first = Math.min(first, file.first_ts);
    last = Math.max(last, file.last_ts);
  }
  if (first > last) return { fromMs: 0, toMs: 0 };
  return { fromMs: window.from_ts ?? first, toMs: window.to_ts ?? Math.max(last, nowMs ?? last) };
}

/** DuckDB tells of a full disk in a fault of the query. */
function placeFailure(error: unknown, place: string): Failure | undefined {
  const failure = diskFailure(error, place);
  if (!(error instanceof NoRoom) && !(failure instanceof NoRoom) && !/no space left/i.test(messageOf(error)))
    return failure;
  return new Failure(
    `There is no room left in ${tmpdir()} for what the query needs meanwhile. Nothing was left there; make room, or name another folder by TMPDIR.`,
  );
}

const STOPPED = new Failure('Stopped before everything was answered.');

class Querying {
  readonly #command: QueryCommand;
  readonly #surroundings: Surroundings;
  readonly #progress: Progress;

  constructor(command: QueryCommand, surroundings: Surroundings) {
    this.#command = command;
    this.#surroundings = surroundings;
    this.#progress = new Progress(surroundings);
  }

  async run(configuration: Configuration): Promise<number> {
    const statements = await statementsOf(this.#command, this.#surroundings);
    const place = mkdtempSync(join(tmpdir(), 'rollcall-query-'));
    try {
      const { folder } = this.#command;
      if (folder !== undefined) return await this.#query(statements, folderAt(this.#surroundings, folder), place);
      const copy = join(place, 'log');
      const isWhole = await this.#copyLog(copy, statements, configuration);
      if (!isWhole) return 1;
      return await this.#query(statements, copy, place);
    } catch (error) {
      throw placeFailure(error, place) ?? error;
    } finally {
      await this.#progress.end();
      rmSync(place, { recursive: true, force: true });
    }
  }

  /** Only the tables that are spoken of. */
  async #copyLog(to: string, statements: readonly Statement[], configuration: Configuration): Promise<boolean> {
    const text = statements.map(({ sql }) => sql.toLowerCase()).join('\n');
    const speaksOf = (table: TableWord): boolean =>
      table === 'changes' || text.includes(table === 'rooms' ? 'room' : 'membership');
    const tables = TABLE_WORDS.filter(speaksOf);
    return exportQuietly(
      { to, format: 'parquet', tables, window: {}, recordsPerFile: RECORDS_PER_FILE, isAfresh: false, json: false },
      configuration,
      this.#surroundings,
    );
  }

  async #query(statements: readonly Statement[], folder: string, place: string): Promise<number> {
    const manifest = finishedManifest(folder);
    const { format, timeZone } = this.#command;
    const { ending, nowMs, stdout } = this.#surroundings;
    const isLog = this.#command.folder === undefined;
    const database = await Database.open({
      files: filesOf(resolve(folder), manifest),
      format: manifest.format,
      span: spanOf(manifest, isLog ? nowMs() : undefined),
      timeZone,
      isKept: statements.length > 1,
      spillFolder: join(place, 'spill'),
    });
    const interrupt = (): void => database.interrupt();
    ending.addEventListener('abort', interrupt, { once: true });
    const printer = printerOf({
      ...{ format, stdout, isSeveral: statements.length > 1 },
      onNote: (sentence) => this.#progress.note(sentence),
    });
    try {
      for (const { sql, title } of statements) {
        if (ending.aborted) throw STOPPED;
        this.#progress.show(() => title ?? 'asking');
        const result = await database.run(sql);
        await this.#progress.end();
        if (result === undefined) continue;
        const columns = result.deduplicatedColumnNames();
        await printer.print({ ...(title !== undefined && { title }), columns, chunks: shownChunks(result) });
      }
      await printer.end();
      return 0;
    } catch (error) {
      // DuckDB calls it an error of the query.
      throw ending.aborted ? STOPPED : error;
    } finally {
      ending.removeEventListener('abort', interrupt);
      database.close();
    }
  }
}

async function* shownChunks(result: NonNullable<Awaited<ReturnType<Database['run']>>>): AsyncIterable<Shown[][]> {
  try {
    for (
      let chunk = await result.fetchChunk();
      chunk !== null && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    ) {
      yield chunk.getRows().map((row) => row.map(shown));
    }
  } catch (error) {
    throw queryFailure(error);
  }
}

/** Resolves to the exit code. */
export async function runQuery(
  command: QueryCommand,
  configuration: () => Configuration,
  surroundings: Surroundings,
): Promise<number> {
  return new Querying(command, surroundings).run(configuration());
}
