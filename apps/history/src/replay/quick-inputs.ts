// The inputs that a log is full of, read out of the bytes as they lie there: activity, sessions that open, are renewed and end.
// Invariant: what it finds is what the engine's decoder gives; of anything else, and of whoever is not known yet, it finds nothing.
import { KnownTexts, Spans } from '#apps/aggregator';
import { FoundActive, findActive, type RecordSpans } from '#libs/contracts';
import { PackedRecord, type LogRecord } from '#libs/event-log';
import type { ActivityInput } from '#libs/presence';
import { FoundSession, findSession } from './quick-sessions.js';
import type { UserNumbers } from '../user-numbers.js';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type Of<Type extends ActivityInput['type']> = Mutable<Extract<ActivityInput, { type: Type }>>;

export class QuickInputs {
  /** Whose it is. */
  id = -1;
  /** Used again for every record: the domain reads it and keeps nothing of it. */
  input: ActivityInput;
  readonly #active: Of<'device.active'> = { type: 'device.active', deviceId: undefined, agoMs: undefined };
  readonly #connected: Of<'device.connected'> = {
    type: 'device.connected',
    deviceId: '',
    sessionId: '',
    claim: 'none',
    leaseMs: 1,
  };
  readonly #disconnected: Of<'device.disconnected'> = {
    type: 'device.disconnected',
    deviceId: '',
    sessionId: '',
    agoMs: 0,
  };
  readonly #spans = new Spans();
  readonly #foundActive = new FoundActive();
  readonly #foundSession = new FoundSession();
  readonly #texts = new KnownTexts();

  constructor(private readonly users: UserNumbers) {
    this.input = this.#active;
  }

  /** true = `id` and `input` are of this record of the activity topic. */
  find(record: LogRecord): boolean {
    const spans = record instanceof PackedRecord ? record : this.#spans.of(record);
    if (spans.keyStart < 0) return false;
    this.id = this.users.find(spans.keyBytes, spans.keyStart, spans.keyEnd);
    if (this.id < 0 || !this.users.isPlain(this.id)) return false;
    if (findActive(spans, this.#foundActive)) return this.#takeActive(spans);
    return findSession(spans, this.#foundSession) && this.#takeSession(spans);
  }

  #takeActive({ valueBytes }: RecordSpans): true {
    const { deviceStart, deviceEnd, agoMs } = this.#foundActive;
    this.#active.deviceId = deviceStart < 0 ? undefined : this.#texts.of(valueBytes, deviceStart, deviceEnd);
    this.#active.agoMs = agoMs < 0 ? undefined : agoMs;
    this.input = this.#active;
    return true;
  }

  #takeSession({ valueBytes }: RecordSpans): true {
    const found = this.#foundSession;
    const into = found.isConnect ? this.#connected : this.#disconnected;
    into.deviceId = this.#texts.of(valueBytes, found.deviceStart, found.deviceEnd);
    into.sessionId = this.#texts.of(valueBytes, found.sessionStart, found.sessionEnd);
    if (found.isConnect) {
      this.#connected.claim = found.claim;
      this.#connected.leaseMs = found.leaseMs;
    } else this.#disconnected.agoMs = Math.max(0, found.agoMs);
    this.input = into;
    return true;
  }
}
