// DuckDB over the files of one export, locked: it reads those files and nothing else, writes nothing but its own spill folder, and
// reaches no network. Invariant: the lock is set before the first word of a query is looked at.
import type { DuckDBConnection, DuckDBInstance, DuckDBResult } from '@duckdb/node-api';
import { OFFLINE } from '../exporting/converter.js';
import { messageOf } from '../exporting/folder.js';
import { sqlPath, sqlText } from '../exporting/tables.js';
import { Failure } from '../failure.js';
import { type ViewOptions, viewStatements } from './views.js';

export interface DatabaseOptions extends ViewOptions {
  /** In which days and hours are meant: UTC, or a name such as Europe/Vienna. */
  readonly timeZone: string;
  /** Where what is too large for memory may lie meanwhile. */
  readonly spillFolder: string;
}

/** By DuckDB's numbers of kinds of statements: what reads, and what only makes something in this database's memory. */
const ALLOWED: ReadonlySet<number> = new Set([
  1 /* SELECT */, 4 /* EXPLAIN */, 7 /* CREATE */, 15 /* DROP */, 20 /* SET */,
]);
/** Their first words, for a sentence of ours before DuckDB looks for the files that they name. */
const writes =
  /^\s*(copy|export|import|attach|detach|install|load|insert|update|delete|merge|truncate|alter|prepare|execute|call|pragma|use|checkpoint|force)\b/i;
const analyses = /^\s*explain\s*(\(|analy[sz]e\b)/i;

const memoryLimit = '2GB';

const INTERRUPT_EVERY_MS = 20;

/** DuckDB's words, as a sentence of ours. */
export function queryFailure(error: unknown): Failure {
  const text = messageOf(error);
  if (/file system operations are disabled|disabled by configuration|disabled through configuration/.test(text)) {
    return new Failure(`A query may read the export and nothing else: ${text}`);
  }
  return new Failure(`The query cannot be run. ${text}`);
}

const writingFailure = (sql: string): Failure => {
  const words = sql.trim().split(/\s+/, 2).join(' ').slice(0, 40).toUpperCase();
  return new Failure(
    `A query only reads: ${words} … is not allowed; SELECT is, and CREATE of views and macros for the statements after it.`,
  );
};

export class Database {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  #interrupting: NodeJS.Timeout | undefined;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  static async open(options: DatabaseOptions): Promise<Database> {
    const { DuckDBInstance: Instance } = await import('@duckdb/node-api');
    const { spillFolder } = options;
    const settings = {
      ...OFFLINE,
      memory_limit: memoryLimit,
      temp_directory: spillFolder,
      preserve_insertion_order: 'false',
    };
    const instance = await Instance.create(':memory:', settings);
    const database = new Database(instance, await instance.connect());
    try {
      await database.#prepare(options);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Whether a statement gives rows, and they; throws a sentence. */
  async run(sql: string): Promise<DuckDBResult | undefined> {
    if (writes.test(sql) || analyses.test(sql)) throw writingFailure(sql);
    try {
      const statement = await this.#connection.prepare(sql);
      if (!ALLOWED.has(statement.statementType)) throw writingFailure(sql);
      const result = await statement.stream();
      return statement.statementType === 1 || statement.statementType === 4 ? result : undefined;
    } catch (error) {
      throw error instanceof Failure ? error : queryFailure(error);
    }
  }

  /** Ends what runs and whatever begins afterwards. A statement that begins forgets what DuckDB was told before, so it is told again. */
  interrupt(): void {
    this.#connection.interrupt();
    this.#interrupting ??= setInterval(() => this.#connection.interrupt(), INTERRUPT_EVERY_MS);
  }

  close(): void {
    clearInterval(this.#interrupting);
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  async #prepare({ timeZone, ...views }: DatabaseOptions): Promise<void> {
    try {
      await this.#connection.run(`SET TimeZone = ${sqlText(timeZone)}`);
    } catch {
      throw new Failure(`--time-zone ${timeZone} is not known; UTC and Europe/Vienna are such names.`, 2);
    }
    for (const statement of viewStatements(views)) await this.#connection.run(statement);
    // As patterns and as names: both forms are asked for.
    const paths = Object.values(views.files).flat();
    const allowed = new Set(paths.flatMap((path) => [sqlPath(path), sqlText(path)]));
    await this.#connection.run(`SET allowed_paths = [${[...allowed].join(', ')}]`);
    await this.#connection.run('SET enable_external_access = false');
    await this.#connection.run('SET lock_configuration = true');
  }
}
