// The latest public view of every user, as told by the states topic and raised by delivery frames and changes. Invariant: a
// user's (life, version) never falls, whoever tells it and however often. It stands apart because the gateway and the
// fan-out look users up in it, and both must hold a million of them.
import {
  FoundState,
  INPUTS,
  decodeStatesRecord,
  findState,
  type InputWord,
  type ProgressRecord,
  type StateRecord,
} from '#libs/contracts';
import { Spans, type LogRecord, type RecordBatch } from '#libs/event-log';
import { Interner } from '#libs/interest';
import type { View } from '#libs/presence';
import { textOf } from './record-text.js';
import { asciiOf, foundViewOf } from './found-view.js';
import { StateRows } from './state-rows.js';
import { Waiting, type Waited } from './waiting.js';

/** Newer means: later life, then higher version. */
export interface Stamp {
  readonly life: number;
  readonly version: number;
}

/** What is known of a user. `gone`: forgotten; (life, 0) is the life that would begin next, and there is no view. */
export interface PublicState extends Stamp {
  readonly userId: string;
  readonly changedAtMs: number;
  /** Absent exactly when `gone`. */
  readonly view?: View;
  readonly gone: boolean;
}

/** One entry of a frame, or a change: what raises the view. Without a view the user is gone. */
export interface Raise extends Stamp {
  readonly userId: string;
  readonly changedAtMs: number;
  readonly view?: View;
}

export interface InputPosition {
  readonly topic: InputWord;
  readonly offset: number;
}

export interface StatesViewOptions {
  readonly partitions: number;
  /** Shared with a table of memberships, so that both use the same numbers; absent = its own. */
  readonly users?: Interner;
  /** Told after a user's row moved to another view or was erased; the administrator's stream hangs here. */
  readonly onMoved?: (userId: string) => void;
}

/** The header of a tombstone in states that names the life that ended; without it the life is the one that was known. */
export const LIFE_HEADER = 'life';

export class StatesView {
  readonly numbering: Interner;
  /** For hot paths: by the user's number. */
  readonly rows = new StateRows();
  readonly #positions: number[];
  readonly #progress: Record<InputPosition['topic'], number>[];
  readonly #waitingForProgress: readonly Waiting[];
  readonly #waitingForPositions = new Waiting();
  readonly #found = new FoundState();
  readonly #spans = new Spans();
  #broken = 0;

  constructor(private readonly options: StatesViewOptions) {
    this.numbering = options.users ?? new Interner();
    this.#positions = new Array<number>(options.partitions).fill(0);
    this.#progress = this.#positions.map(() => ({ activity: 0, commands: 0 }));
    this.#waitingForProgress = this.#positions.map(() => new Waiting());
  }

  /** Records of the states topic. Broken ones are counted. */
  apply(batch: RecordBatch): void {
    for (const record of batch.records) this.#take(record, batch.partition);
    this.#positions[batch.partition] = Math.max(this.#positions[batch.partition] ?? 0, batch.nextOffset);
    this.#waitingForProgress[batch.partition]?.look();
    this.#waitingForPositions.look();
  }

  /** `newer`: the view moved. `known`: it already was there, or beyond. */
  raise(entry: Raise): 'newer' | 'known' {
    return this.raiseRow(this.numbering.intern(entry.userId), entry);
  }

  /** The same by the user's number. */
  raiseRow(row: number, entry: Omit<Raise, 'userId'>): 'newer' | 'known' {
    if (this.rows.compare(row, entry.life, entry.version) >= 0) return 'known';
    this.rows.set(row, entry, 'elsewhere');
    this.options.onMoved?.(this.numbering.nameOf(row));
    return 'newer';
  }

  /** undefined = never heard of. A forgotten user is `gone`. */
  get(userId: string): PublicState | undefined {
    const row = this.numbering.find(userId);
    return row === undefined ? undefined : this.stateOf(row);
  }

  /** The same by the user's number. */
  stateOf(row: number): PublicState | undefined {
    if (!this.rows.isKnown(row)) return undefined;
    const view = this.rows.viewOf(row);
    const stamp = {
      life: this.rows.lifeOf(row),
      version: this.rows.versionOf(row),
      changedAtMs: this.rows.changedAtMsOf(row),
    };
    const userId = this.numbering.nameOf(row);
    return view === undefined ? { userId, ...stamp, gone: true } : { userId, ...stamp, view, gone: false };
  }

  /** Everybody with a view. */
  *users(): IterableIterator<string> {
    for (let row = 0; row < this.numbering.size; row++) if (this.rows.viewShown(row)) yield this.numbering.nameOf(row);
  }

  /** How many have a view. */
  get size(): number {
    return this.rows.shown;
  }

  get brokenRecords(): number {
    return this.#broken;
  }

  /** The next offset of the states topic to be applied, a number per partition. */
  get positions(): readonly number[] {
    return this.#positions;
  }

  /** Waits under way; for tests and metrics. */
  get waits(): number {
    return this.#waitingForProgress.reduce((sum, waiting) => sum + waiting.size, this.#waitingForPositions.size);
  }

  /** Next input offset whose effects this view holds (0 = nothing known yet). */
  progress(partition: number, topic: InputPosition['topic']): number {
    return this.#progress[partition]?.[topic] ?? 0;
  }

  /** Waits until the effects of the input at this offset are in the view. The signal bounds the wait; nothing stays behind. */
  whenProgress(partition: number, input: InputPosition, signal: AbortSignal): Promise<Waited> {
    return this.#waitingFor(partition).until(() => this.progress(partition, input.topic) > input.offset, signal);
  }

  /** The same with a call instead of a promise, unbounded; for thousands at once. What is returned ends the wait. */
  onProgress(partition: number, input: InputPosition, onReached: () => void): () => void {
    return this.#waitingFor(partition).add(() => this.progress(partition, input.topic) > input.offset, onReached);
  }

  /** Waits until every partition has been applied up to these positions. */
  whenAt(positions: readonly number[], signal: AbortSignal): Promise<Waited> {
    return this.#waitingForPositions.until(() => hasReached(this.#positions, positions), signal);
  }

  #waitingFor(partition: number): Waiting {
    const waiting = this.#waitingForProgress[partition];
    if (waiting === undefined) throw new RangeError(`states has no partition ${partition}`);
    return waiting;
  }

  #take(record: LogRecord, partition: number): void {
    if (this.#takeQuickly(record)) return;
    const key = textOf(record.key);
    const value = textOf(record.value);
    const decoded = key === undefined || value === undefined ? undefined : decodeStatesRecord(value, key);
    if (decoded?.ok !== true) this.#broken++;
    else if (decoded.record.kind === 'progress') this.#takeProgress(decoded.record.progress, partition);
    else if (decoded.record.kind === 'state') this.#takeState(decoded.record.state);
    else this.#erase(decoded.record.userId, record);
  }

  /** The state of somebody known, as our encoder writes it, without a parser. false: it is read the long way. */
  #takeQuickly(record: LogRecord): boolean {
    const { key, value } = record;
    const found = this.#found;
    if (key === null || value === null || !findState(this.#spans.of(record), found) || found.hasHigh) return false;
    const row = this.numbering.find(asciiOf(key, 0, key.length));
    if (row === undefined || !this.rows.isKnown(row)) return false;
    const { life, version, changedAtMs } = found;
    this.#setState(row, { life, version, changedAtMs, view: foundViewOf(found, value) });
    return true;
  }

  #takeProgress({ inputs }: ProgressRecord, partition: number): void {
    const known = this.#progress[partition];
    if (known === undefined) return;
    INPUTS.forEach((topic, index) => {
      known[topic] = Math.max(known[topic], inputs[index]?.nextOffset ?? 0);
    });
  }

  #takeState(state: StateRecord): void {
    this.#setState(this.numbering.intern(state.userId), state);
  }

  #setState(row: number, state: Omit<StateRecord, 'userId'>): void {
    const order = this.rows.compare(row, state.life, state.version);
    if (order === 0) this.rows.confirm(row, state.view.lastActiveAtMs);
    if (order >= 0) return;
    this.rows.set(row, state, 'states');
    this.options.onMoved?.(this.numbering.nameOf(row));
  }

  /** A tombstone ends the life that it names; unnamed, the one that states told last, unless a frame already told a later view. */
  #erase(userId: string, record: LogRecord): void {
    const named = record.headers?.[LIFE_HEADER];
    const row = named === undefined ? this.numbering.find(userId) : this.numbering.intern(userId);
    if (row === undefined) return;
    if (named === undefined && (!this.rows.viewShown(row) || this.rows.isAhead(row))) return;
    const life = (named === undefined ? this.rows.lifeOf(row) : Number(named)) + 1;
    if (!Number.isSafeInteger(life) || this.rows.compare(row, life, 0) >= 0) return;
    this.rows.set(row, { life, version: 0, changedAtMs: record.timestampMs }, 'states');
    this.options.onMoved?.(userId);
  }
}

export function isPlainOffline(view: View): boolean {
  return view.presence === 'offline' && view.statusMsg === undefined;
}

/** Whether positions have reached a vector; what the vector does not name counts as zero. */
export function hasReached(positions: readonly number[], vector: readonly number[]): boolean {
  return vector.every((position, partition) => (positions[partition] ?? 0) >= position);
}
