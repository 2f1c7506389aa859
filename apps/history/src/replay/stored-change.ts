// What verifying needs of a record of `presence.changes` before it is compared, read out of its bytes where they are our own encoding.
// Invariant: it gives what the decoder gives, or the decoder's reason. One object is used for all records: whoever takes the next
// record loses the one before.
import { ascii, decodeChange, type ChangeRecord, type RecordSpans } from '#libs/contracts';
import { PackedRecord, Spans, type LogRecord } from '#libs/event-log';
import { ChangeHead } from '../looking/change-head.js';
import type { UserNumbers } from '../user-numbers.js';
import type { ToldChange } from './told-change.js';
import { isWrittenAs } from './written-change.js';

const APPLIED = ascii(',"applied":{');
const ACTIVITY = ascii('"activity":');
const COMMANDS = ascii('"commands":');
const BACKWARDS = [
  [1, COMMANDS],
  [0, ACTIVITY],
] as const;
const TIMER = ascii('"cause":{"timer":"');
/** The longest of their names. */
const TIMER_LETTERS = 'active'.length;
const QUOTE = 0x22;
const CLOSE = 0x7d;
const COMMA = 0x2c;
const ZERO = 0x30;
/** More digits might not be a safe integer. */
const MOST_DIGITS = 15;
/** The longest text that is compared in one piece; status messages have at most 2,048 bytes. */
const scratch = Buffer.alloc(1 << 14);

export class StoredChange {
  /** What had been taken of both inputs; used again for the next record. */
  readonly #point: [number, number] = [-1, -1];
  readonly #ownSpans = new Spans();
  readonly #head = new ChangeHead();
  #spans: RecordSpans = this.#ownSpans;
  #isPlaced = false;
  /** Where `,"applied":` begins, if it was found. */
  #tailStart = 0;
  #isOfTimer = false;
  #record: ChangeRecord | string | undefined;
  #userId: string | undefined;

  take(record: LogRecord): this {
    this.#spans = record instanceof PackedRecord ? record : this.#ownSpans.of(record);
    this.#record = undefined;
    this.#userId = undefined;
    this.#isOfTimer = false;
    this.#isPlaced = this.#spans.valueStart >= 0 && this.#readTail();
    return this;
  }

  get userId(): string {
    return (this.#userId ??= this.#spans.keyStart < 0 ? '' : textOf(this.key));
  }

  get text(): string {
    return this.#spans.valueStart < 0 ? '' : textOf(this.#value);
  }

  get key(): Uint8Array {
    const { keyBytes, keyStart, keyEnd } = this.#spans;
    return keyBytes.subarray(keyStart, keyEnd);
  }

  /** The number of whose it is; −1 = nobody's. */
  idIn(users: UserNumbers): number {
    const { keyBytes, keyStart, keyEnd } = this.#spans;
    return keyStart < 0 ? -1 : users.find(keyBytes, keyStart, keyEnd);
  }

  /** Whether it says what the inputs make, in the very words. */
  isWritten(told: ToldChange, users: UserNumbers): boolean {
    const [activity, commands] = this.#point;
    if (this.#isPlaced && activity === told.activity && commands === told.commands && this.idIn(users) === told.user) {
      const spans = this.#spans;
      if (
        this.#head.read(spans) &&
        isWrittenAs(spans, this.#head, { end: this.#tailStart, change: told.change, by: told })
      )
        return true;
    }
    return this.isText(told.text);
  }

  /** Whether its bytes are those of the text. */
  isText(text: string): boolean {
    const { valueBytes, valueStart, valueEnd } = this.#spans;
    if (valueStart < 0 || text.length > valueEnd - valueStart) return false;
    if (text.length * 3 > scratch.length) return text === this.text;
    const length = scratch.write(text);
    return length === valueEnd - valueStart && scratch.compare(valueBytes, valueStart, valueEnd, 0, length) === 0;
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
    if (this.#isPlaced && this.#isOfTimer && this.#head.read(this.#spans)) return this.#head.atMs;
    const { record } = this;
    return typeof record !== 'string' && 'timer' in record.cause ? record.atMs : NaN;
  }

  /** What had been taken of both inputs; undefined = the record cannot be read. */
  get point(): readonly [number, number] | undefined {
    if (this.#isPlaced) return this.#point;
    const { record } = this;
    if (typeof record === 'string') return undefined;
    this.#point[0] = record.applied.activity ?? -1;
    this.#point[1] = record.applied.commands ?? -1;
    return this.#point;
  }

  get #value(): Uint8Array {
    const { valueBytes, valueStart, valueEnd } = this.#spans;
    return valueBytes.subarray(valueStart, valueEnd);
  }

  /** From the end backwards: in our own encoding `applied` is the last field and `cause` the one before, and a quote inside a string is escaped. */
  #readTail(): boolean {
    const { valueBytes: bytes, valueStart, valueEnd } = this.#spans;
    let end = valueEnd - 2;
    if (end - APPLIED.length < valueStart || bytes[valueEnd - 1] !== CLOSE || bytes[end] !== CLOSE) return false;
    this.#point[0] = -1;
    this.#point[1] = -1;
    // Activity first, then commands, as far as they are there, and a comma between the two.
    let isBehindComma = false;
    for (const [input, name] of BACKWARDS) {
      const start = startOfDigits(bytes, end);
      if (start < 0 || !endsAt(name, bytes, start)) continue;
      this.#point[input] = wholeNumber(bytes, start, end);
      end = start - name.length;
      isBehindComma = input === 1 && bytes[end - 1] === COMMA;
      if (!isBehindComma) break;
      end -= 1;
    }
    if (isBehindComma || !endsAt(APPLIED, bytes, end)) return false;
    this.#tailStart = end - APPLIED.length;
    this.#isOfTimer = isAfterTimer(bytes, this.#tailStart);
    return true;
  }
}

/** Whether `{"timer":"…"}` ends there. */
function isAfterTimer(bytes: Uint8Array, end: number): boolean {
  if (bytes[end - 1] !== CLOSE || bytes[end - 2] !== QUOTE) return false;
  for (let at = end - 3; at >= end - 3 - TIMER_LETTERS; at -= 1) {
    if (bytes[at] === QUOTE) return endsAt(TIMER, bytes, at + 1);
  }
  return false;
}

function endsAt(wanted: Uint8Array, bytes: Uint8Array, end: number): boolean {
  const start = end - wanted.length;
  if (start < 0) return false;
  for (let index = wanted.length - 1; index >= 0; index -= 1) if (bytes[start + index] !== wanted[index]) return false;
  return true;
}

/** −1 = there are none, too many, or none that JSON knows. */
function startOfDigits(bytes: Uint8Array, end: number): number {
  let at = end;
  while (bytes[at - 1]! >= ZERO && bytes[at - 1]! < ZERO + 10) at -= 1;
  if (bytes[at] === ZERO && end - at > 1) return -1;
  return at === end || end - at > MOST_DIGITS ? -1 : at;
}

function wholeNumber(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) value = value * 10 + bytes[at]! - ZERO;
  return value;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
