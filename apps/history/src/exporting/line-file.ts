// A file of lines, written through one buffer: where records wait for DuckDB. Invariant: what was added lies in the file after
// `flush`; memory is one buffer. Written for the machine: bytes are copied, nothing is built per line.
import { closeSync, openSync, writeSync } from 'node:fs';

const bufferBytes = 1 << 20;

/** Byte by byte: for some dozen bytes a call into native code costs more. */
export function beginsWith(bytes: Uint8Array, head: Uint8Array): boolean {
  if (bytes.length < head.length) return false;
  for (let index = 0; index < head.length; index++) if (bytes[index] !== head[index]) return false;
  return true;
}

export class LineFile {
  readonly #file: number;
  #buffer = Buffer.allocUnsafeSlow(bufferBytes);
  #at = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'wx', 0o600);
  }

  /** Short, and ASCII only. */
  ascii(text: string): void {
    this.#reserve(text.length);
    for (let index = 0; index < text.length; index++) this.#buffer[this.#at++] = text.charCodeAt(index);
  }

  text(text: string): void {
    this.#reserve(text.length * 3);
    this.#at += this.#buffer.write(text, this.#at);
  }

  bytes(bytes: Uint8Array, from = 0, to = bytes.length): void {
    this.#reserve(to - from);
    this.#buffer.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), this.#at);
    this.#at += to - from;
  }

  /** Writes what waits in the buffer. */
  flush(): void {
    for (let from = 0; from < this.#at;) from += writeSync(this.#file, this.#buffer, from, this.#at - from);
    this.#at = 0;
  }

  /** Closes; what was not flushed is lost. */
  close(): void {
    closeSync(this.#file);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    this.flush();
    if (bytes > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(bytes);
  }
}
