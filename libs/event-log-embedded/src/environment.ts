// The one place that opens, writes and closes LMDB. Invariant: a write is one LMDB transaction, and its promise settles
// only when that transaction is synced (unless `durable` is off) or is known to have failed. LMDB's own errors become
// the log's words here.
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import * as lmdb from 'lmdb';
import type { RootDatabase } from 'lmdb';
import { LogUnavailableError } from '#libs/event-log';
import { type FileUse, type Need, SpareRoom } from './spare-room.js';

export type Database = RootDatabase<Buffer, Buffer>;

/** What may be done inside a transaction. LMDB's own promises for each step are the transaction's: one is awaited. */
export interface Writes {
  put(key: Buffer, value: Buffer): unknown;
  remove(key: Buffer): unknown;
}

/** The library looks at every commit through all free pages that it has in memory: after a compaction they were thousands, and
 * took an eighth of the CPU of a PUT. Its types do not know the option (lmdb 3.5.6, src/env.cpp). */
const FREE_PAGES = { maxFreeSpaceToLoad: 500 };

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

/** What LMDB's `getStats` answers, of which its types say nothing. Free pages are those that neither tree uses. */
interface PageCounts {
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}
interface Stats extends PageCounts {
  readonly pageSize: number;
  readonly lastPageNumber: number;
  readonly free: PageCounts;
}

const META_PAGES = 2;
const pagesOf = (tree: PageCounts): number => tree.treeBranchPageCount + tree.treeLeafPageCount + tree.overflowPages;

const fileUse = (database: Database): FileUse => {
  const stats = database.getStats() as unknown as Stats;
  const pages = stats.lastPageNumber + 1;
  const freePages = pages - META_PAGES - pagesOf(stats) - pagesOf(stats.free);
  return { pageBytes: stats.pageSize, usedBytes: pages * stats.pageSize, freeInsideBytes: freePages * stats.pageSize };
};

/** Remembers what a transaction is to do, so that its size is known before it begins. */
class PlannedWrites implements Writes {
  private readonly steps: { readonly key: Buffer; readonly value: Buffer | undefined }[] = [];
  private puts = 0;
  private valueBytes = 0;

  put(key: Buffer, value: Buffer): void {
    this.steps.push({ key, value });
    this.puts++;
    this.valueBytes += value.length;
  }

  remove(key: Buffer): void {
    this.steps.push({ key, value: undefined });
  }

  get need(): Need {
    return { puts: this.puts, removes: this.steps.length - this.puts, valueBytes: this.valueBytes };
  }

  apply(writes: Writes): void {
    for (const { key, value } of this.steps) {
      if (value === undefined) writes.remove(key);
      else writes.put(key, value);
    }
  }
}

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
  /** Absent where nothing is synced: such a log is not kept. */
  private readonly room: SpareRoom | undefined;

  private constructor(
    readonly database: Database,
    readonly options: EnvironmentOptions,
  ) {
    if (!options.durable || options.readOnly) return;
    this.room = new SpareRoom(join(options.directory, 'data.mdb'), () => fileUse(database));
  }

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
        ...FREE_PAGES,
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
    const planned = new PlannedWrites();
    act(planned);
    try {
      await this.room?.take(planned.need);
      await this.database.batch(() => planned.apply(this.database));
    } catch (error) {
      // LMDB tells the reason later, by a second promise that nobody else would handle.
      const reason = (error as CommitFailure).commitError?.catch((failure: unknown) => failure);
      throw unavailable(this.options.directory, 'write to', (await reason) ?? error);
    } finally {
      this.refresh();
    }
  }

  /** Makes sure that a small transaction outside `write` has its place on the disk. */
  async makeRoom(): Promise<void> {
    try {
      await this.room?.take({ puts: 1, removes: 2, valueBytes: 0 });
    } catch (error) {
      throw unavailable(this.options.directory, 'write to', error);
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
    await this.room?.close();
    await this.database.close();
    forget(this.database);
  }
}
