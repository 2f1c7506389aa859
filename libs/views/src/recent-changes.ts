// The latest changes of everybody, and what follows from them: who showed what at a past time, how many showed what over time,
// one user's timeline. Invariant: what is told of a time is exact as long as every later change is held (`coveredFromMs`), for
// whom nobody changed since is as now. Who was forgotten is not shown in the past either. It stands apart from the view of
// states because nobody pays for it who does not look back.
import { decodeChange, type ChangeRecord } from '#libs/contracts';
import type { RecordBatch } from '#libs/event-log';
import type { Interner } from '#libs/interest';
import type { Presence, View } from '#libs/presence';
import { ChangeColumns, type ChangeRow } from './change-columns.js';
import { textOf } from './record-text.js';
import { PRESENCES } from './state-rows.js';
import { hasReached, type Stamp } from './states-view.js';
import { Waiting, type Waited } from './waiting.js';

export interface RecentChangesOptions {
  readonly users: Interner;
  readonly partitions: number;
  /** One more drops the oldest. */
  readonly maxChanges: number;
  /** Of all status messages held; more drop the oldest changes. */
  readonly maxMessageCharacters: number;
}

/** What made a change: an input of a topic, or a timer. */
export const CAUSES = ['activity', 'commands', 'idle', 'active', 'lease', 'grace', 'put'] as const;
export type CauseWord = (typeof CAUSES)[number];

/** A change as it is told to people. Without a view the user was forgotten. */
export interface Move extends Stamp {
  readonly userId: string;
  readonly atMs: number;
  readonly view?: View;
  /** Absent: nobody knew the user before. */
  readonly before?: View;
  readonly cause: CauseWord;
}

export type Counts = Readonly<Record<Presence, number>>;
/** A number per point. `changes`: since the point before. */
export type CountSeries = Readonly<Record<Presence | 'changes', readonly number[]>>;

export interface SeriesRange {
  readonly fromMs: number;
  readonly stepMs: number;
  readonly points: number;
}

export class RecentChanges {
  readonly #columns: ChangeColumns;
  /** Number of each user's latest change held. */
  readonly #last = new Map<number, number>();
  readonly #positions: number[];
  /** Partitions of which older records exist and are not read. */
  readonly #cut = new Set<number>();
  readonly #waiting = new Waiting();
  readonly #listeners = new Set<() => void>();
  #lostAtMs = -Infinity;
  #broken = 0;

  constructor(private readonly options: RecentChangesOptions) {
    this.#columns = new ChangeColumns(options.maxChanges);
    this.#positions = new Array<number>(options.partitions).fill(0);
  }

  /** Where reading begins and where the topic ends, a number per partition; what lies before is not known. */
  begin(positions: readonly number[], ends: readonly number[], nowMs: number): void {
    positions.forEach((position, partition) => {
      this.#positions[partition] = position;
      if (position === 0) return;
      if (position < (ends[partition] ?? 0)) this.#cut.add(partition);
      else this.#lose(nowMs);
    });
  }

  /** Records of the topic of changes. Broken ones are counted. */
  apply(batch: RecordBatch): void {
    const known = this.#positions[batch.partition] ?? 0;
    for (const { offset, timestampMs, key, value } of batch.records) {
      if (offset < known) continue;
      const [keyText, text] = [textOf(key), textOf(value)];
      const decoded = keyText === undefined || text === undefined ? undefined : decodeChange(text, keyText);
      if (decoded?.ok !== true) {
        this.#broken++;
        continue;
      }
      if (this.#cut.delete(batch.partition)) this.#lose(Math.max(timestampMs, decoded.record.atMs));
      this.#take(decoded.record);
    }
    this.#positions[batch.partition] = Math.max(known, batch.nextOffset);
    this.#waiting.look();
    for (const listener of this.#listeners) listener();
  }

  /** From this time on every change is held. -Infinity: everything that ever happened. */
  get coveredFromMs(): number {
    return this.#cut.size > 0 ? Infinity : this.#lostAtMs;
  }

  /** When the oldest change held happened. */
  get firstAtMs(): number | undefined {
    const { first, next } = this.#columns;
    return first === next ? undefined : this.#columns.atMsOf(first);
  }

  /** The number of the next change; numbers are 0, 1, 2 … in the order of taking. */
  get next(): number {
    return this.#columns.next;
  }

  /** The number of the oldest change held. */
  get first(): number {
    return this.#columns.first;
  }

  get brokenRecords(): number {
    return this.#broken;
  }

  get positions(): readonly number[] {
    return this.#positions;
  }

  whenAt(positions: readonly number[], signal: AbortSignal): Promise<Waited> {
    return this.#waiting.until(() => hasReached(this.#positions, positions), signal);
  }

  /** Told after every batch. */
  onApplied(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Everybody of whom a change is held. */
  rows(): Iterable<number> {
    return this.#last.keys();
  }

  /** What somebody showed at a time. `unmoved`: what they show now; `absent`: nobody knew them, or they were forgotten since. */
  viewAt(row: number, atMs: number): View | 'absent' | 'unmoved' {
    const columns = this.#columns;
    let number = this.#last.get(row);
    if (number === undefined) return 'unmoved';
    while (columns.atMsOf(number) > atMs) {
      const earlier = columns.earlierOf(number);
      if (earlier === undefined) return columns.viewBefore(number) ?? 'absent';
      number = earlier;
    }
    return columns.viewAfter(number) ?? 'absent';
  }

  /** The latest change of somebody, if it is held. */
  latest(row: number): Move | undefined {
    const number = this.#last.get(row);
    return number === undefined ? undefined : this.#move(number);
  }

  /** The latest changes of somebody, newest first. */
  timeline(row: number, limit: number): readonly Move[] {
    const moves: Move[] = [];
    let number = this.#last.get(row);
    while (number !== undefined && moves.length < limit) {
      moves.push(this.#move(number));
      number = this.#columns.earlierOf(number);
    }
    return moves;
  }

  /** At most `limit` changes from this number on, in order, and the number to go on from. */
  movesFrom(number: number, limit: number): { readonly moves: readonly Move[]; readonly next: number } {
    const columns = this.#columns;
    const start = Math.max(number, columns.first);
    const next = Math.min(columns.next, start + limit);
    const moves: Move[] = [];
    for (let each = start; each < next; each++) if (!columns.isErased(each)) moves.push(this.#move(each));
    return { moves, next };
  }

  /** The latest changes up to a time, newest first. */
  movesUntil(atMs: number, limit: number): readonly Move[] {
    const columns = this.#columns;
    const moves: Move[] = [];
    for (let each = columns.next - 1; each >= columns.first && moves.length < limit; each--)
      if (!columns.isErased(each) && columns.atMsOf(each) <= atMs) moves.push(this.#move(each));
    return moves;
  }

  /** How many showed what at `fromMs`, `fromMs + stepMs` …, going back from how many do now. */
  series(now: Counts, { fromMs, stepMs, points }: SeriesRange): CountSeries {
    const columns = this.#columns;
    // By presence: what changes between a point and the one before added and took away.
    const moved = PRESENCES.map(() => new Float64Array(points + 1));
    const changes = new Array<number>(points).fill(0);
    for (let number = columns.first; number < columns.next; number++) {
      if (columns.isErased(number)) continue;
      const point = Math.ceil((columns.atMsOf(number) - fromMs) / stepMs);
      if (point >= 0 && point < points) changes[point] = (changes[point] ?? 0) + 1;
      const place = Math.min(points, Math.max(0, point));
      add(moved[columns.presenceAfter(number)], place, 1);
      add(moved[columns.presenceBefore(number)], place, -1);
    }
    const back = (presence: Presence): number[] => {
      const steps = moved[PRESENCES.indexOf(presence)];
      const counts = new Array<number>(points);
      let count = now[presence];
      for (let point = points - 1; point >= 0; point--) counts[point] = count -= steps?.[point + 1] ?? 0;
      return counts;
    };
    return {
      online: back('online'),
      unavailable: back('unavailable'),
      busy: back('busy'),
      offline: back('offline'),
      changes,
    };
  }

  /** The same for one time. */
  countsAt(now: Counts, atMs: number): Counts {
    const { online, unavailable, busy, offline } = this.series(now, { fromMs: atMs, stepMs: 1, points: 1 });
    return { online: online[0] ?? 0, unavailable: unavailable[0] ?? 0, busy: busy[0] ?? 0, offline: offline[0] ?? 0 };
  }

  #take(change: ChangeRecord): void {
    const row = this.options.users.intern(change.userId);
    if (change.kind === 'forgotten') this.#erase(row);
    const { life, version, atMs } = change;
    const stamp = { row, life, version, atMs, cause: causeNumber(change), earlier: this.#last.get(row) };
    if (change.kind === 'forgotten') this.#push({ ...stamp, view: undefined, before: undefined });
    else this.#push({ ...stamp, view: change.view, before: version === 1 ? undefined : change.before });
  }

  #push(change: ChangeRow): void {
    if (this.#columns.isFull) this.#drop();
    this.#last.set(change.row, this.#columns.push(change));
    while (this.#columns.messageCharacters > this.options.maxMessageCharacters) this.#drop();
  }

  #drop(): void {
    const oldest = this.#columns.first;
    this.#lose(this.#columns.atMsOf(oldest));
    const row = this.#columns.rowOf(oldest);
    if (this.#last.get(row) === oldest) this.#last.delete(row);
    this.#columns.drop();
  }

  #erase(row: number): void {
    let number = this.#last.get(row);
    this.#last.delete(row);
    while (number !== undefined) {
      const earlier: number | undefined = this.#columns.earlierOf(number);
      this.#columns.erase(number);
      number = earlier;
    }
  }

  #lose(atMs: number): void {
    this.#lostAtMs = Math.max(this.#lostAtMs, atMs);
  }

  #move(number: number): Move {
    const columns = this.#columns;
    const [view, before] = [columns.viewAfter(number), columns.viewBefore(number)];
    return {
      userId: this.options.users.nameOf(columns.rowOf(number)),
      life: columns.lifeOf(number),
      version: columns.versionOf(number),
      atMs: columns.atMsOf(number),
      ...(view === undefined ? {} : { view }),
      ...(before === undefined ? {} : { before }),
      cause: CAUSES[columns.causeOf(number)] ?? 'activity',
    };
  }
}

function causeNumber({ cause }: ChangeRecord): number {
  return CAUSES.indexOf('timer' in cause ? cause.timer : cause.topic);
}

/** Nothing is added where there is no view. */
function add(column: Float64Array | undefined, place: number, by: number): void {
  if (column !== undefined) column[place] = (column[place] ?? 0) + by;
}
