// Whether an export is what its manifest says. Invariant: every file is read to its end; the first sentence of each fault says which
// file and what is wrong with it. It stands apart because whoever was handed an export needs no log for it.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.js';
import { MANIFEST, UNFINISHED, type Manifest, type WrittenFile, type WrittenPiece, readManifest } from './manifest.js';

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** undefined: it is what was written. */
export async function fileFault(folder: string, { path, bytes, sha256 }: WrittenFile): Promise<string | undefined> {
  const place = join(folder, path);
  if (!existsSync(place)) return `${path} is missing`;
  const { size } = statSync(place);
  if (size < bytes) return `${path} is cut off: ${size} of ${bytes} bytes`;
  if (size > bytes) return `${path} has grown from ${bytes} to ${size} bytes`;
  return (await sha256Of(place)) === sha256 ? undefined : `${path} was changed: its checksum is another`;
}

/** The finished export in a folder; throws a sentence when there is none. */
export function finishedManifest(folder: string): Manifest {
  const manifest = readManifest(folder, MANIFEST);
  if (manifest !== undefined) return manifest;
  if (existsSync(join(folder, UNFINISHED))) {
    throw new Failure(`The export in ${folder} is not finished. The command that began it goes on with it.`);
  }
  throw new Failure(
    `There is no export in ${folder}: it holds no ${MANIFEST}. Make one: rollcall export --to ${folder}`,
  );
}

/** Pieces that overlap would show records twice. */
function coverFaults(pieces: readonly WrittenPiece[]): readonly string[] {
  const faults: string[] = [];
  const reached = new Map<string, number>();
  for (const { table, partition, from, to } of pieces) {
    const key = `${table}-${partition}`;
    if (from < (reached.get(key) ?? 0)) faults.push(`${key} holds offset ${from} twice`);
    reached.set(key, to);
  }
  return faults;
}

export interface Checked {
  readonly files: number;
  readonly records: number;
  readonly faults: readonly string[];
}

export async function checkExport(
  folder: string,
  manifest: Manifest,
  onFile: (path: string) => void,
): Promise<Checked> {
  const faults = [...coverFaults(manifest.pieces)];
  let files = 0;
  let records = 0;
  for (const { file } of manifest.pieces) {
    if (file === undefined) continue;
    onFile(file.path);
    const fault = await fileFault(folder, file);
    if (fault !== undefined) faults.push(fault);
    files++;
    records += file.records;
  }
  return { files, records, faults };
}
