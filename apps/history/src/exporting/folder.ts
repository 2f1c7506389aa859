// The folder of an export: held by one run at a time, and without anything half-written when the run ends, whichever way it ends.
// Invariant: a file is seen under its name only when all of it is on disk; what is not ours is never touched.
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.js';
import { MANIFEST, UNFINISHED, syncFolder } from './manifest.js';

const WORK = '.unfinished';

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** Also of errors that native code made, which may be of no class of ours. */
export function messageOf(error: unknown): string {
  const message = (error as { readonly message?: unknown } | null)?.message;
  return typeof message === 'string' ? message : '';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** The disk is full. */
export class NoRoom extends Failure {}

/** What a fault of the disk means to whoever started the export; undefined: it is none. */
export function diskFailure(error: unknown, folder: string): Failure | undefined {
  const code = codeOf(error);
  const text = messageOf(error);
  if (/^(ENOSPC|EFBIG|EDQUOT)$/.test(code) || /no space left|file too large|quota exceeded/i.test(text)) {
    return new NoRoom(
      `There is no room left for the export in ${folder}. Nothing half-written was left; make room, and the same command goes on.`,
    );
  }
  if (
    /^(EACCES|EPERM|EROFS|ENOTDIR|EEXIST|ENOENT)$/.test(code) ||
    /permission denied|read-only file system/i.test(text)
  ) {
    return new Failure(`The folder ${folder} cannot be written to (${text}). Choose another one with --to.`);
  }
  return undefined;
}

export class ExportFolder {
  readonly path: string;
  readonly #isNew: boolean;

  private constructor(path: string, isNew: boolean) {
    this.path = path;
    this.#isNew = isNew;
  }

  /** Makes it where it is missing, and holds it. Throws a sentence. */
  static take(path: string): ExportFolder {
    const isNew = !existsSync(path);
    try {
      mkdirSync(path, { recursive: true });
      const others = readdirSync(path).filter((name) => !name.startsWith('.'));
      if (others.length > 0 && !others.includes(MANIFEST) && !others.includes(UNFINISHED)) {
        throw new Failure(
          `${path} is not empty and holds no export (there is ${others[0]}). Choose an empty or a new folder.`,
        );
      }
      const folder = new ExportFolder(path, isNew);
      folder.#hold();
      return folder;
    } catch (error) {
      throw diskFailure(error, path) ?? error;
    }
  }

  /** Where something may be written before it is whole. */
  work(name: string): string {
    return join(this.path, WORK, name);
  }

  /** Makes a finished file of the work folder one of the export, durably. */
  publish(name: string, as: string): void {
    const file = openSync(this.work(name), 'r');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(this.work(name), join(this.path, as));
    syncFolder(this.path);
  }

  remove(name: string): void {
    rmSync(join(this.path, name), { force: true });
  }

  /** Files that look like `pattern`. */
  names(pattern: RegExp): readonly string[] {
    return readdirSync(this.path).filter((name) => pattern.test(name));
  }

  /** Gives it up; `isEmpty`: there is nothing worth keeping, and a folder that was made for it goes too. */
  release(isEmpty: boolean): void {
    rmSync(join(this.path, WORK), { recursive: true, force: true });
    for (const name of [MANIFEST, UNFINISHED]) this.remove(`.${name}.new`);
    if (isEmpty && this.#isNew && readdirSync(this.path).length === 0) rmdirSync(this.path);
  }

  #hold(): void {
    const holder = this.work('holder');
    if (existsSync(holder)) {
      const pid = Number(readFileSync(holder, 'utf8'));
      if (pid !== process.pid && pid > 0 && isAlive(pid)) {
        throw new Failure(
          `Another export (process ${pid}) is writing to ${this.path}. Wait for it, or choose another folder.`,
        );
      }
    }
    // What a run left that was killed: it is in no manifest.
    rmSync(join(this.path, WORK), { recursive: true, force: true });
    mkdirSync(join(this.path, WORK), { mode: 0o700 });
    writeFileSync(holder, String(process.pid), { flag: 'wx' });
  }
}
