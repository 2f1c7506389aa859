// What verifying needs of a record of `presence.changes` before it is compared: read without a JSON parser where the text is our
// own encoding. Invariant: it gives what the decoder gives, or the decoder's reason.
import { decodeChange, type ChangeRecord, type OrderPoint } from '#libs/contracts';
import type { LogRecord } from '#libs/event-log';

const APPLIED = '"applied":';
const AT = ',"at_ts":';
const TIMER = '"cause":{"timer":';

export class StoredChange {
  readonly userId: string;
  readonly text: string;
  #record: ChangeRecord | string | undefined;

  constructor({ key, value }: LogRecord) {
    this.userId = key === null ? '' : textOf(key);
    this.text = value === null ? '' : textOf(value);
  }

  /** The whole record, or why it cannot be read. */
  get record(): ChangeRecord | string {
    if (this.#record === undefined) {
      const decoded = decodeChange(this.text, this.userId);
      this.#record = decoded.ok ? decoded.record : decoded.reason;
    }
    return this.#record;
  }

  /** When a timer made it; NaN = an input did, or it cannot be read. */
  get firedAtMs(): number {
    const { text } = this;
    const at = text.indexOf(AT);
    if (at >= 0 && text.lastIndexOf(TIMER) > at) {
      const digits = /^-?\d{1,15}(?=,)/.exec(text.slice(at + AT.length, at + AT.length + 17));
      if (digits !== null) return Number(digits[0]);
    }
    const { record } = this;
    return typeof record !== 'string' && 'timer' in record.cause ? record.atMs : NaN;
  }

  /** What had been taken of both inputs; undefined = the record cannot be read. */
  get point(): OrderPoint | undefined {
    // In our own encoding a quote inside a string is escaped, and the field is the last one.
    const at = this.text.lastIndexOf(APPLIED);
    const tail = /^\{(?:"activity":(\d{1,15}))?,?(?:"commands":(\d{1,15}))?\}\}$/.exec(
      this.text.slice(at + APPLIED.length),
    );
    if (at >= 0 && tail !== null) return [Number(tail[1] ?? -1), Number(tail[2] ?? -1)];
    const { record } = this;
    if (typeof record === 'string') return undefined;
    return [record.applied.activity ?? -1, record.applied.commands ?? -1];
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
