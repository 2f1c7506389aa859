// The most frequent inputs out of the bytes as they were read: no key, no text, no JSON parser. Invariant: what is found holds until
// the next is sought; an input that is not found is read the long way, and gives the same; nobody is entered but with an input.
import { isUtf8 } from 'node:buffer';
import {
  FoundActive,
  FoundSession,
  FoundSet,
  findActive,
  findSession,
  findSet,
  type RecordSpans,
} from '#libs/contracts';
import { PackedRecord, Spans, type LogRecord } from '#libs/event-log';
import { isUserId } from '#libs/matrix';
import type { ActivePart, ActivityInput, Claim, IdFound, PresenceSet, RenewalPart } from '#libs/presence';
import { textOf, type KnownTexts } from './known-texts.js';
import { isPlainName } from './user-names.js';

const NOBODY = -1;
const NO_BYTES = new Uint8Array(0);

/** Users by the bytes of a name that stands in JSON as it is; −1 = nobody, or one whose name does not. */
export interface PlainUsers {
  findPlain(bytes: Uint8Array, start: number, end: number): number;
}

class Id implements IdFound {
  bytes: Uint8Array = NO_BYTES;
  start = -1;
  end = -1;
}

/** Which kind of activity was found. */
export type QuickKind = 'active' | 'connected' | 'disconnected';

export class QuickInputs implements ActivePart, RenewalPart {
  kind: QuickKind = 'active';
  /** Where the device lies; a start of −1 = it is not known. */
  readonly device = new Id();
  /** Of somebody active; −1 = absent. */
  agoMs = -1;
  /** Of a session; the claim and the lease are of one that connects. */
  readonly session = new Id();
  claim: Claim = 'none';
  leaseMs = 0;
  readonly #active = new FoundActive();
  readonly #session = new FoundSession();
  readonly #set = new FoundSet();
  readonly #ownSpans = new Spans();
  #spans: RecordSpans = this.#ownSpans;

  constructor(
    private readonly users: PlainUsers,
    private readonly texts: KnownTexts,
    /** Enters somebody who is not known and returns the number; −1 = the user does not belong here. */
    private readonly enter: (userId: string) => number,
  ) {}

  /** Whose activity it is, perhaps somebody's first; −1 = it must be read the long way. */
  find(record: LogRecord): number {
    const id = this.#userOf(record);
    const spans = this.#spans;
    const { keyBytes, keyStart, keyEnd } = spans;
    if (id < 0 && (keyStart < 0 || !isPlainName(keyBytes, keyStart, keyEnd))) return NOBODY;
    if (findActive(spans, this.#active)) this.#noteActive();
    else if (findSession(spans, this.#session)) this.#noteSession();
    else return NOBODY;
    this.device.bytes = spans.valueBytes;
    return id >= 0 ? id : this.#newcomer(spans);
  }

  /** What activity was found. */
  input(): ActivityInput {
    const { bytes, start, end } = this.device;
    if (this.kind === 'active') {
      const deviceId = start < 0 ? undefined : this.texts.of(bytes, start, end);
      return { type: 'device.active', deviceId, agoMs: this.agoMs < 0 ? undefined : this.agoMs };
    }
    const { claim, leaseMs, session } = this;
    const deviceId = this.texts.of(bytes, start, end);
    const sessionId = this.texts.of(bytes, session.start, session.end);
    if (this.kind === 'connected') return { type: 'device.connected', deviceId, sessionId, claim, leaseMs };
    const { agoMs } = this.#session;
    return { type: 'device.disconnected', deviceId, sessionId, ...(Number.isNaN(agoMs) ? {} : { agoMs }) };
  }

  /** Whose command it is, of those who are known; −1 = it must be read the long way. */
  findCommand(record: LogRecord): number {
    const id = this.#userOf(record);
    if (id < 0 || !findSet(this.#spans, this.#set)) return NOBODY;
    const { valueBytes, valueStart, valueEnd } = this.#spans;
    if (this.#set.hasHigh && !isUtf8(valueBytes.subarray(valueStart, valueEnd))) return NOBODY;
    return id;
  }

  /** What command was found. */
  command(): PresenceSet {
    const { valueBytes: bytes } = this.#spans;
    const { deviceStart, deviceEnd, presence, messageStart, messageEnd } = this.#set;
    const deviceId = this.texts.of(bytes, deviceStart, deviceEnd);
    if (messageStart === messageEnd) return { type: 'presence.set', deviceId, presence };
    return { type: 'presence.set', deviceId, presence, statusMsg: this.texts.of(bytes, messageStart, messageEnd) };
  }

  #noteActive(): void {
    const { deviceStart, deviceEnd, agoMs } = this.#active;
    this.kind = 'active';
    this.device.start = deviceStart;
    this.device.end = deviceEnd;
    this.agoMs = agoMs;
  }

  #noteSession(): void {
    const { isConnect, deviceStart, deviceEnd, sessionStart, sessionEnd, claim, leaseMs } = this.#session;
    this.kind = isConnect ? 'connected' : 'disconnected';
    this.device.start = deviceStart;
    this.device.end = deviceEnd;
    this.session.bytes = this.#spans.valueBytes;
    this.session.start = sessionStart;
    this.session.end = sessionEnd;
    this.claim = claim;
    this.leaseMs = leaseMs;
  }

  #userOf(record: LogRecord): number {
    const spans = record instanceof PackedRecord ? record : this.#ownSpans.of(record);
    this.#spans = spans;
    const { keyBytes, keyStart, keyEnd } = spans;
    return keyStart < 0 ? NOBODY : this.users.findPlain(keyBytes, keyStart, keyEnd);
  }

  #newcomer({ keyBytes, keyStart, keyEnd }: RecordSpans): number {
    const userId = textOf(keyBytes, keyStart, keyEnd, 'latin1');
    return isUserId(userId) ? this.enter(userId) : NOBODY;
  }
}
