// The one place that opens, writes and closes LMDB. Invariant: a write is one LMDB transaction, and its promise settles
// only when that transaction is synced (unless `durable` is off) or is known to have failed. LMDB's own errors become
// the log's words here.
import { statfsSync } from 'node:fs';
import * as lmdb from 'lmdb';
import type { RootDatabase } from 'lmdb';
import { LogUnavailableError } from '#libs/event-log';

export type Database = RootDatabase<Buffer, Buffer>;

/** What may be done inside a transaction. LMDB's own promises for each step are the transaction's: one is awaited. */
export interface Writes {
  put(key: Buffer, value: Buffer): unknown;
  remove(key: Buffer): unknown;
}

export interface EnvironmentOptions {
  readonly directory: string;
  readonly readOnly: boolean;
  readonly durable: boolean;
}

/** LMDB's library remembers every database ever opened, with its buffers, by a name made from the directory's. */
const forget = (database: Database): void => {
  const { allDbs } = lmdb as unknown as { readonly allDbs?: Map<string, unknown> };
  for (const [name, known] of allDbs ?? []) if (known === database) allDbs?.delete(name);
};

interface CommitFailure extends Error {
  readonly commitError?: Promise<never>;
}

const freeBytes = (directory: string): number | undefined => {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    // Only to make an error clearer: without it, that error is still told.
    return undefined;
  }
};

/** LMDB says "Input/output error" for a full disk too, so the free space is told as well. */
export const unavailable = (directory: string, doing: string, cause: unknown): LogUnavailableError => {
  const free = freeBytes(directory);
  const reason = cause instanceof Error ? cause.message : String(cause);
  const full =
    free === undefined ? '' : free < 1 << 20 ? `: the disk is full (${free} bytes free)` : ` (${free} bytes free)`;
  return new LogUnavailableError(`Cannot ${doing} the log in ${directory}: ${reason}${full}`, { cause });
};

export class Environment {
  private constructor(
    readonly database: Database,
    readonly options: EnvironmentOptions,
  ) {}

  static open(options: EnvironmentOptions): Environment {
    try {
      const database = lmdb.open<Buffer, Buffer>({
        path: options.directory,
        noSubdir: false,
        keyEncoding: 'binary',
        encoding: 'binary',
        readOnly: options.readOnly,
        noSync: !options.durable,
        // A commit is synced before it is visible and before it is acknowledged: nobody acts on what may be lost.
        overlappingSync: false,
        // Our own batches are the transactions.
        eventTurnBatching: false,
      });
      return new Environment(database, options);
    } catch (error) {
      throw unavailable(options.directory, options.readOnly ? 'read' : 'open', error);
    }
  }

  get(key: Buffer): Buffer | undefined {
    return this.database.getBinary(key);
  }

  getJson<T>(key: Buffer): T | undefined {
    const bytes = this.get(key);
    return bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as T);
  }

  range(start: Buffer, end: Buffer, limit?: number): Iterable<{ key: Buffer; value: Buffer }> {
    return this.database.getRange(limit === undefined ? { start, end } : { start, end, limit });
  }

  /** The last entry at or before `start`, not before `end`. */
  floor(start: Buffer, end: Buffer): { key: Buffer; value: Buffer } | undefined {
    for (const entry of this.database.getRange({ start, end, reverse: true, inclusiveEnd: true, limit: 1 }))
      return entry;
    return undefined;
  }

  /** Lets reads see what other transactions and processes have committed. */
  refresh(): void {
    this.database.resetReadTxn();
  }

  /** All puts and removes of `act` in one transaction. */
  async write(act: (writes: Writes) => void): Promise<void> {
    try {
      await this.database.batch(() => act(this.database));
    } catch (error) {
      // LMDB tells the reason later, by a second promise that nobody else would handle.
      const reason = (error as CommitFailure).commitError?.catch((failure: unknown) => failure);
      throw unavailable(this.options.directory, 'write to', (await reason) ?? error);
    } finally {
      this.refresh();
    }
  }

  /** Removes what processes that died have left in LMDB's table of readers; it would keep old pages from reuse. */
  dropDeadReaders(): void {
    this.database.readerCheck();
  }

  /** LMDB's own listing of everybody who reads. */
  readers(): string {
    return this.database.readerList();
  }

  async close(): Promise<void> {
    await this.database.close();
    forget(this.database);
  }
}
