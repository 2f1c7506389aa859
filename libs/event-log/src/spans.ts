// A record with a key and a value of its own, shown as spans of bytes: what a packed record is by itself. Invariant: it shows
// the record given last, and is used again for the next.
import type { LogRecord } from './port.js';

const NONE = new Uint8Array(0);

export class Spans {
  keyBytes: Uint8Array = NONE;
  keyStart = -1;
  keyEnd = -1;
  valueBytes: Uint8Array = NONE;
  valueStart = -1;
  valueEnd = -1;

  of({ key, value }: LogRecord): this {
    this.keyBytes = key ?? NONE;
    this.keyStart = key === null ? -1 : 0;
    this.keyEnd = this.keyBytes.length;
    this.valueBytes = value ?? NONE;
    this.valueStart = value === null ? -1 : 0;
    this.valueEnd = this.valueBytes.length;
    return this;
  }
}
