// Room on the disk, taken before LMDB writes. LMDB 3.5.6's library formats the message of a write that fails outright into
// 100 bytes that are too few for it (mdb_page_flush), and so may bring the process down; therefore a disk that is full,
// limited or over its quota must be met by us first. Invariant: zeros are only ever appended to the file, never over it,
// and once taken, room is LMDB's: what it writes there has its blocks already (unless the file system copies on write).
import { fstatSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

const MIN_STEP_BYTES = 256 << 10;
const MAX_STEP_BYTES = 16 << 20;
/** Beyond what a transaction needs, so much stays for retention, which must be able to free a full disk: 1/64 of the file. */
const KEPT_SHARE = 1 / 64;
const MIN_KEPT_BYTES = 1 << 20;
const MAX_KEPT_BYTES = 64 << 20;
/** What stays of it while much is free inside the file: LMDB may use that, or (where it lies in pieces) may not. */
const KEPT_AT_LEAST_BYTES = 400 << 10;
const MUCH_FREE_INSIDE = 8;
/** Tree pages and LMDB's own list of free pages, for any transaction. */
const OVERHEAD_PAGES = 64;
const PAGES_PER_PUT = 3;

/** What LMDB has of its file: bytes up to its last page, and how many of them hold nothing. */
export interface FileUse {
  readonly pageBytes: number;
  readonly usedBytes: number;
  readonly freeInsideBytes: number;
}

export interface Need {
  readonly puts: number;
  readonly removes: number;
  /** Bytes of the values that are put. */
  readonly valueBytes: number;
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, Math.ceil(value)));

/** The page cache keeps what was written at once in pieces as large: by a mebibyte, a fifth more of the file was resident. */
const ZEROS = Buffer.alloc(64 << 10);

export class SpareRoom {
  private file: FileHandle | undefined;
  private pageBytes = 4096;
  /** Room known to be left, less what may have been used since that was looked up. */
  private spareBytes = 0;
  private keptBytes = MIN_KEPT_BYTES;

  constructor(
    private readonly path: string,
    private readonly look: () => FileUse,
  ) {}

  /** At most so much does a transaction add to the file. */
  private bytesFor({ puts, removes, valueBytes }: Need): number {
    return valueBytes + (puts * (PAGES_PER_PUT + 1) + removes + OVERHEAD_PAGES) * this.pageBytes;
  }

  /** Resolves when the transaction has its room; rejects with the system's error when there is none. */
  async take(need: Need): Promise<void> {
    const bytes = this.bytesFor(need);
    const removing = need.removes > need.puts;
    if (this.spareBytes < bytes + (removing ? 0 : this.keptBytes)) await this.extend(bytes, removing);
    this.spareBytes = Math.max(0, this.spareBytes - bytes);
  }

  private async extend(bytes: number, removing: boolean): Promise<void> {
    this.file ??= await open(this.path, 'a');
    const { pageBytes, usedBytes, freeInsideBytes } = this.look();
    this.pageBytes = pageBytes;
    this.keptBytes = clamp(usedBytes * KEPT_SHARE, MIN_KEPT_BYTES, MAX_KEPT_BYTES);
    const wanted = bytes + this.keptBytes;
    this.spareBytes = this.size(this.file) - usedBytes;
    if (this.spareBytes >= wanted) return;
    try {
      await this.append(this.file, wanted - this.spareBytes + clamp(usedBytes / 4, MIN_STEP_BYTES, MAX_STEP_BYTES));
      this.spareBytes = this.size(this.file) - usedBytes;
    } catch (error) {
      // What could still be written counts. Whatever happens, LMDB gets no transaction without room for all of it.
      this.spareBytes = this.size(this.file) - usedBytes;
      const kept = freeInsideBytes >= bytes * MUCH_FREE_INSIDE ? KEPT_AT_LEAST_BYTES : this.keptBytes;
      if (this.spareBytes < bytes + (removing ? 0 : kept)) throw error;
    }
  }

  /** Before nearly every commit of a small log: 1 µs, where a promise of it takes 70 and a thread. */
  private size(file: FileHandle): number {
    return fstatSync(file.fd).size;
  }

  private async append(file: FileHandle, bytes: number): Promise<void> {
    for (let left = bytes; left > 0;) {
      const { bytesWritten } = await file.write(ZEROS, 0, Math.min(left, ZEROS.length));
      left -= bytesWritten;
    }
  }

  async close(): Promise<void> {
    await this.file?.close();
    this.file = undefined;
  }
}
