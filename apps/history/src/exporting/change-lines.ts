// Changes as lines for DuckDB. Invariant: a line holds what `decodeChange` would have read; bytes that begin as our encoder writes
// them are copied as they are (DuckDB reads them three times as fast as a decoder here would), all others are decoded and written
// anew; and where pseudonyms are asked for, neither an id nor a status message reaches a file, not even a temporary one.
import { type ChangeRecord, decodeChange, encodeChange } from '#libs/contracts';
import type { LogRecord } from '#libs/event-log';
import { textOf } from '#libs/views';
import type { ForgottenUsers } from './forgotten.js';
import { type LineFile, beginsWith } from './line-file.js';
import { type Judged, type LineWriter, hidden, outside } from './lines.js';
import type { Pseudonyms } from './pseudonyms.js';
import type { Window } from './window.js';

export interface ChangeLineOptions {
  readonly forgotten: ForgottenUsers;
  readonly window: Window;
  readonly pseudonyms: Pseudonyms | undefined;
  /** Decodes every record: when DuckDB has met one that it could not read. */
  readonly isCareful: boolean;
}

const head = Buffer.from('{"type":"presence.changed","v":1,"user_id":"');
const messageHead = Buffer.from('"status_msg":"');
const quote = 0x22;
const backslash = 0x5c;
const lineFeed = 0x0a;
const notText = Symbol('an id that is not UTF-8');

/** Where the id ends, if the value begins as our encoder writes it and names the key; else −1. */
function idEnd(key: Uint8Array, value: Uint8Array): number {
  const end = head.length + key.length;
  if (value.length <= end || value[end] !== quote || !beginsWith(value, head)) return -1;
  for (let index = 0; index < key.length; index++) {
    const byte = key[index] as number;
    if (byte !== value[head.length + index] || byte === quote || byte === backslash || byte < 0x20) return -1;
  }
  return value.includes(lineFeed, end) ? -1 : end;
}

/** The number after `,"at_ts":`, which only `life` and `version` may stand before; NaN = it is not there. */
function atMsOf(value: Uint8Array, from: number): number {
  const last = Math.min(value.length, from + 80);
  let at = from;
  while (at < last && !(value[at] === 0x61 && value[at - 1] === quote && value[at - 2] === 0x2c)) at++;
  at += 'at_ts":'.length;
  const sign = value[at] === 0x2d ? -1 : 1;
  if (sign < 0) at++;
  let digits = 0;
  let number = 0;
  for (let byte = value[at] ?? 0; byte >= 0x30 && byte <= 0x39; byte = value[++at] ?? 0, digits++) {
    number = number * 10 + byte - 0x30;
  }
  return digits === 0 || digits > 15 ? NaN : sign * number;
}

/** The place behind a JSON string whose first character is at `from`. */
function stringEnd(value: Uint8Array, from: number): number {
  let at = from;
  while (at < value.length && value[at] !== quote) at += value[at] === backslash ? 2 : 1;
  return at + 1;
}

/** Copies around the id and the messages: no text of a user's choice stands before or between them. */
function copyWithout(change: { value: Uint8Array; from: number; name: string }, file: LineFile): void {
  const { value, name } = change;
  let { from } = change;
  file.bytes(head);
  file.ascii(name);
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  for (let at = bytes.indexOf(messageHead, from); at >= 0; at = bytes.indexOf(messageHead, from)) {
    file.bytes(value, from, at);
    // The comma behind it goes too: `currently_active` always follows.
    from = stringEnd(value, at + messageHead.length) + 1;
  }
  file.bytes(value, from);
}

export class ChangeLines implements LineWriter {
  readonly #options: ChangeLineOptions;
  readonly #fromMs: number;
  readonly #toMs: number;

  constructor(options: ChangeLineOptions) {
    this.#options = options;
    this.#fromMs = options.window.fromMs ?? -Infinity;
    this.#toMs = options.window.toMs ?? Infinity;
  }

  add(record: LogRecord, file: LineFile): Judged {
    const { key, value, offset } = record;
    if (this.#options.forgotten.hidesChange(key, offset)) return hidden;
    if (key === null || value === null) return this.#addCarefully(record, file);
    const end = this.#options.isCareful ? -1 : idEnd(key, value);
    const atMs = end < 0 ? NaN : atMsOf(value, end);
    if (Number.isNaN(atMs)) return this.#addCarefully(record, file);
    if (!this.#holds(atMs)) return outside(atMs);
    const name = this.#nameOf(key);
    if (name === notText) return this.#addCarefully(record, file);
    file.ascii(`{"o":${offset},"v":`);
    if (name === undefined) file.bytes(value);
    else copyWithout({ value, from: end, name }, file);
    file.ascii('}\n');
    return { word: 'written', atMs };
  }

  #holds(atMs: number): boolean {
    return atMs >= this.#fromMs && atMs < this.#toMs;
  }

  /** undefined: no other than the id. */
  #nameOf(key: Uint8Array): string | typeof notText | undefined {
    const { pseudonyms } = this.#options;
    if (pseudonyms === undefined) return undefined;
    const id = textOf(key);
    return typeof id === 'string' ? pseudonyms.of(id) : notText;
  }

  #addCarefully({ key, value, offset }: LogRecord, file: LineFile): Judged {
    const text = textOf(value);
    const keyText = textOf(key);
    if (text === undefined || keyText === undefined) return { word: 'unreadable', reason: 'it is not UTF-8' };
    const decoded = decodeChange(text, keyText);
    if (!decoded.ok) return { word: 'unreadable', reason: decoded.reason };
    const { record } = decoded;
    if (record.kind === 'forgotten') return hidden;
    if (!this.#holds(record.atMs)) return outside(record.atMs);
    file.ascii(`{"o":${offset},"v":`);
    file.text(encodeChange(this.#shown(record)));
    file.ascii('}\n');
    return { word: 'written', atMs: record.atMs };
  }

  #shown(record: ChangeRecord): Parameters<typeof encodeChange>[0] {
    const { pseudonyms } = this.#options;
    if (pseudonyms === undefined || record.kind === 'forgotten') return record;
    const { statusMsg: _message, ...view } = record.view;
    const { statusMsg: _before, ...before } = record.before;
    return { ...record, userId: pseudonyms.of(record.userId), view, before };
  }
}
