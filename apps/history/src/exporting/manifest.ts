// What an export consists of, as a file beside it. Invariant: it is written whole or not at all, names nothing that is not already on
// disk, holds nothing that would differ on another machine, and carries a checksum of itself.
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.js';
import type { ExportFormat } from './converter.js';
import type { Piece } from './plan.js';
import type { TableWord } from './tables.js';

export const MANIFEST = 'manifest.json';
/** What has been written so far by an export that is not finished. */
export const UNFINISHED = 'manifest.unfinished.json';

/** The file of a piece; absent where it has no record to show. */
export interface WrittenFile {
  readonly path: string;
  readonly records: number;
  readonly first_offset: number;
  readonly last_offset: number;
  /** The least and the greatest time of its records. */
  readonly first_ts: number;
  readonly last_ts: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface WrittenPiece extends Piece {
  readonly table: TableWord;
  readonly partition: number;
  readonly file?: WrittenFile;
  /** Records that no decoder can read. */
  readonly unreadable?: number;
}

/** What must be the same for two runs to be one export. */
export interface ExportSettings {
  readonly format: ExportFormat;
  readonly window: { readonly from_ts?: number; readonly to_ts?: number };
  readonly pseudonyms?: { readonly algorithm: 'HMAC-SHA-256'; readonly key_fingerprint: string };
  readonly records_per_file: number;
  readonly topics: readonly {
    readonly table: TableWord;
    readonly topic: string;
    readonly id: string;
    readonly partitions: number;
  }[];
}

export interface Manifest extends ExportSettings {
  readonly rollcall_export: 1;
  readonly complete: boolean;
  /** Of each partition of changes, where somebody was last forgotten; −1 = nowhere. */
  readonly last_erasures: readonly number[];
  readonly records: Readonly<Partial<Record<TableWord, number>>>;
  readonly pieces: readonly WrittenPiece[];
}

const checksumOf = (manifest: Manifest): string => createHash('sha256').update(JSON.stringify(manifest)).digest('hex');

/** Makes names in a folder durable. */
export function syncFolder(folder: string): void {
  const file = openSync(folder, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

export function writeManifest(folder: string, name: string, manifest: Manifest): void {
  const temporary = join(folder, `.${name}.new`);
  const file = openSync(temporary, 'w', 0o666);
  try {
    writeSync(file, `${JSON.stringify({ ...manifest, checksum: checksumOf(manifest) }, undefined, 1)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, join(folder, name));
  syncFolder(folder);
}

/** undefined: there is none. Throws a sentence when it is no longer what was written. */
export function readManifest(folder: string, name: string): Manifest | undefined {
  const path = join(folder, name);
  if (!existsSync(path)) return undefined;
  const damaged = (what: string): Failure =>
    new Failure(`${path} ${what}. Give --afresh to replace it, or choose another folder.`);
  let stored: Manifest & { readonly checksum?: string };
  try {
    stored = JSON.parse(readFileSync(path, 'utf8')) as typeof stored;
  } catch {
    throw damaged('is cut off or not JSON: it is not what was written');
  }
  if (typeof stored !== 'object' || stored === null || stored.rollcall_export !== 1) {
    throw damaged('is no manifest of an export that this version can read');
  }
  const { checksum, ...manifest } = stored;
  if (checksum !== checksumOf(manifest)) throw damaged('was changed after it had been written');
  return manifest;
}
