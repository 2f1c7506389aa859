// What a take-over reads back of states and registers, into the users. Invariant: what was written by our encoder is taken out
// of the bytes as they were read; anything else goes through the schema, and gives the same.
import { isUtf8 } from 'node:buffer';
import {
  FoundRegisters,
  FoundState,
  decodeRegisters,
  decodeState,
  findRegisters,
  findState,
  type RecordSpans,
} from '#libs/contracts';
import type { LogRecord } from '#libs/event-log';
import { restore } from '#libs/presence';
import { textOf } from './record-text.js';
import { UNWRITTEN, type UserColumns } from './user-columns.js';

const AT_SIGN = 0x40;

export class Restoring {
  readonly #registers = new FoundRegisters();
  readonly #state = new FoundState();
  /** Whose registers, as they were read last, do not say what their state holds. */
  readonly #unsure = new Set<number>();

  constructor(private readonly users: UserColumns) {}

  /** Some registers were written before they said what the state holds: states must be read as well. */
  get isUnsure(): boolean {
    return this.#unsure.size > 0;
  }

  /** Everything is read: whose registers those are, which is forgotten. */
  eachUnsure(tell: (id: number) => void): void {
    this.#unsure.forEach(tell);
    this.#unsure.clear();
  }

  state(record: LogRecord, spans: RecordSpans, topic: string): void {
    if (this.#findState(spans)) return;
    const { key, value } = record;
    const userId = required(key, topic);
    const id = this.users.idOf(userId);
    if (value === null) return this.#written(id, UNWRITTEN, UNWRITTEN);
    const decoded = decodeState(required(value, topic), userId);
    if (!decoded.ok) throw new Error(`the state of a user cannot be read: ${decoded.reason}`);
    const { changedAtMs, view } = decoded.record;
    this.#written(id, changedAtMs, view.lastActiveAtMs ?? UNWRITTEN);
  }

  registers(record: LogRecord, spans: RecordSpans, topic: string): void {
    if (spans.valueStart < 0 || this.#findRegisters(spans)) return;
    const { snapshot: stored, told } = decodeRegisters(required(record.value, topic));
    const id = this.users.idOf(required(record.key, topic));
    this.users.restore(id, restore(stored));
    this.users.setChangedAtMs(id, told.atMs ?? UNWRITTEN);
    this.users.setToldActiveMs(id, told.activeAtMs ?? UNWRITTEN);
    this.#sure(id, told.state !== undefined, told.state?.activeAtMs ?? UNWRITTEN);
  }

  #findState(spans: RecordSpans): boolean {
    if (!isUser(spans) || !findState(spans, this.#state)) return false;
    const { hasHigh, changedAtMs, lastActiveAtMs } = this.#state;
    if (hasHigh && !isText(spans)) return false;
    const id = this.users.idOfBytes(spans.keyBytes, spans.keyStart, spans.keyEnd);
    if (id < 0) return false;
    this.#written(id, changedAtMs, lastActiveAtMs);
    return true;
  }

  #findRegisters(spans: RecordSpans): boolean {
    const found = this.#registers;
    if (!isUser(spans) || !findRegisters(spans, found) || (found.hasHigh && !isText(spans))) return false;
    const id = this.users.idOfBytes(spans.keyBytes, spans.keyStart, spans.keyEnd);
    if (id < 0) return false;
    this.users.restoreFound(id, found);
    this.users.setChangedAtMs(id, found.changedAtMs);
    this.users.setToldActiveMs(id, found.changedActiveAtMs);
    this.#sure(id, found.knowsState, found.stateActiveAtMs);
    return true;
  }

  #sure(id: number, knowsState: boolean, stateActiveAtMs: number): void {
    if (knowsState) {
      this.users.setWrittenActiveMs(id, stateActiveAtMs);
      if (this.#unsure.size > 0) this.#unsure.delete(id);
    } else this.#unsure.add(id);
  }

  #written(id: number, changedAtMs: number, activeAtMs: number): void {
    this.users.setChangedAtMs(id, changedAtMs);
    this.users.setWrittenActiveMs(id, activeAtMs);
  }
}

function isUser({ keyBytes, keyStart }: RecordSpans): boolean {
  return keyStart >= 0 && keyBytes[keyStart] === AT_SIGN;
}

function isText({ valueBytes, valueStart, valueEnd }: RecordSpans): boolean {
  return isUtf8(valueBytes.subarray(valueStart, valueEnd));
}

/** Nobody else writes these topics: bytes that are no text there are a bug. */
export function required(bytes: Uint8Array | null, topic: string): string {
  const text = bytes === null ? undefined : textOf(bytes);
  if (text === undefined) throw new Error(`a record of ${topic} has no readable key or value`);
  return text;
}
