// Names instead of ids, the same for the same key. Invariant: a pseudonym tells nothing to whoever has not the key file, not even
// the server of a user; and a key that others may read, or that could be guessed, is refused.
import { createHmac } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { Failure } from '../failure.js';

const leastKeyBytes = 32;
const mostKeyBytes = 4096;
/** 128 bits: among a billion ids two are the same with a chance of one in 10^20. */
const shownDigits = 32;
/** Kept at hand; a pseudonym that is not costs some microseconds. */
const mostKept = 200_000;

const kinds: Readonly<Record<string, string>> = { '@': 'user-', '!': 'room-' };

function keyOf(path: string, name: string): Buffer {
  const advice = `Make one: (umask 077; openssl rand -hex 32 > ${name})`;
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Failure(
      isMissing
        ? `There is no key file ${name}. ${advice}`
        : `The key file ${name} cannot be read: ${(error as Error).message}`,
    );
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw new Failure(`${name} is no file; a file that holds the key is needed. ${advice}`);
    if ((status.mode & 0o077) !== 0) {
      throw new Failure(`The key file ${name} may be read by others than its owner: chmod 600 ${name}`);
    }
    if (status.size > mostKeyBytes) throw new Failure(`The key file ${name} is larger than ${mostKeyBytes} bytes.`);
    const bytes = readFileSync(file);
    // A line break at the end is an editor's, not the key's.
    const end = bytes.at(-1) === 10 ? (bytes.at(-2) === 13 ? -2 : -1) : bytes.length;
    const key = bytes.subarray(0, end);
    if (key.length >= leastKeyBytes) return key;
    throw new Failure(`The key in ${name} has ${key.length} bytes; at least ${leastKeyBytes} are needed. ${advice}`);
  } finally {
    closeSync(file);
  }
}

export class Pseudonyms {
  readonly #key: Buffer;
  readonly #kept = new Map<string, string>();

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** @param name the file as it was typed, for sentences */
  static fromFile(path: string, name = path): Pseudonyms {
    return new Pseudonyms(keyOf(path, name));
  }

  /** Tells whether two exports were made with the same key, and nothing else about it. */
  get fingerprint(): string {
    return this.#digits('rollcall key fingerprint').slice(0, 16);
  }

  /** `user-` or `room-` and 32 hexadecimal digits of HMAC-SHA-256(key, id). */
  of(id: string): string {
    const known = this.#kept.get(id);
    if (known !== undefined) return known;
    if (this.#kept.size >= mostKept) this.#kept.clear();
    const pseudonym = `${kinds[id[0] ?? ''] ?? 'id-'}${this.#digits(id).slice(0, shownDigits)}`;
    this.#kept.set(id, pseudonym);
    return pseudonym;
  }

  #digits(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('hex');
  }
}
