// Where an import stopped, kept in a small file beside the imported one. Invariant: every line up to the kept one is durable or
// was reported; a changed file or another destination starts anew. A repeated line does no harm, so the point may lag.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, readFileSync, renameSync, rmSync, fstatSync, writeFileSync } from 'node:fs';

interface Kept {
  readonly file: string;
  readonly destination: string;
  readonly line: number;
  readonly accepted: number;
  readonly rejected: number;
}

export interface Point {
  readonly line: number;
  readonly accepted: number;
  readonly rejected: number;
}

const NOWHERE: Point = { line: 0, accepted: 0, rejected: 0 };
const sampleBytes = 64 * 1024;

/** Changes when the file does: its size, time, beginning and end. */
function fingerprint(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { size, mtimeMs } = fstatSync(file);
    const sample = Buffer.alloc(sampleBytes);
    const head = sample.subarray(0, readSync(file, sample, 0, sampleBytes, 0));
    const hash = createHash('sha256').update(`${size} ${mtimeMs}\n`).update(head);
    const tail = sample.subarray(0, readSync(file, sample, 0, sampleBytes, Math.max(0, size - sampleBytes)));
    return hash.update(tail).digest('hex');
  } finally {
    closeSync(file);
  }
}

export class ResumePoint {
  readonly #path: string;
  readonly #file: string;
  readonly #destination: string;
  #isWritable = true;

  /** `destination`: a log's or server's name; another one starts anew. */
  constructor(importedPath: string, destination: string) {
    this.#path = `${importedPath}.rollcall-resume`;
    this.#file = fingerprint(importedPath);
    this.#destination = destination;
  }

  read(): Point {
    let kept: Kept;
    try {
      kept = JSON.parse(readFileSync(this.#path, 'utf8')) as Kept;
    } catch {
      // None, or cut off while it was first written: the beginning is always right.
      return NOWHERE;
    }
    return kept.file === this.#file && kept.destination === this.#destination ? kept : NOWHERE;
  }

  /** Whether it could be kept; a folder that cannot be written to costs the resuming, not the import. */
  keep(point: Point): boolean {
    if (!this.#isWritable) return false;
    const kept: Kept = { file: this.#file, destination: this.#destination, ...point };
    try {
      writeFileSync(`${this.#path}.new`, JSON.stringify(kept));
      renameSync(`${this.#path}.new`, this.#path);
    } catch {
      this.#isWritable = false;
    }
    return this.#isWritable;
  }

  forget(): void {
    rmSync(this.#path, { force: true });
  }
}
