// One row of typed columns for every user of a shared numbering: stamp, times, presence. Invariant: a row's (life, version)
// never falls while it is held. It stands apart because a million users must fit: 25 bytes each, beside their names and messages.
import type { Presence, View } from '#libs/presence';
import { viewFrom } from './found-view.js';

export const PRESENCES: readonly Presence[] = ['offline', 'unavailable', 'online', 'busy'];
const PRESENCE_MASK = 3;
const ACTIVE = 4;
const KNOWN = 8;
const GONE = 16;
/** Raised by a frame or a change beyond what the states topic has told. */
const AHEAD = 32;

/** What a row is set to; no view: forgotten. */
export interface RowContent {
  readonly life: number;
  readonly version: number;
  readonly changedAtMs: number;
  readonly view?: View;
}

export type Source = 'states' | 'elsewhere';

export class StateRows {
  #flags = new Uint8Array(0);
  #lives = new Int32Array(0);
  #versions = new Int32Array(0);
  #changedAtMs = new Float64Array(0);
  /** NaN = none. */
  #lastActiveAtMs = new Float64Array(0);
  readonly #messages = new Map<number, string>();
  /** Users with a view. */
  shown = 0;
  /** Of these, how many show what: a number per presence of PRESENCES. */
  readonly shownAs = new Int32Array(PRESENCES.length);

  isKnown(row: number): boolean {
    return (this.#flag(row) & KNOWN) !== 0;
  }

  isGone(row: number): boolean {
    return (this.#flag(row) & GONE) !== 0;
  }

  isAhead(row: number): boolean {
    return (this.#flag(row) & AHEAD) !== 0;
  }

  lifeOf(row: number): number {
    return this.#lives[row] ?? 0;
  }

  versionOf(row: number): number {
    return this.#versions[row] ?? 0;
  }

  changedAtMsOf(row: number): number {
    return this.#changedAtMs[row] ?? 0;
  }

  isPlainOffline(row: number): boolean {
    return (this.#flag(row) & PRESENCE_MASK) === 0 && !this.#messages.has(row);
  }

  viewOf(row: number): View | undefined {
    const flags = this.#flag(row);
    if ((flags & (KNOWN | GONE)) !== KNOWN) return undefined;
    const presence = PRESENCES[flags & PRESENCE_MASK] as Presence;
    return viewFrom(presence, (flags & ACTIVE) !== 0, this.#messages.get(row), this.#lastActiveAtMs[row] as number);
  }

  /** Negative: the row is older than this stamp (or unknown); 0: the same; positive: newer. */
  compare(row: number, life: number, version: number): number {
    if (!this.isKnown(row)) return -1;
    return this.lifeOf(row) - life || this.versionOf(row) - version;
  }

  set(row: number, content: RowContent, source: Source): void {
    this.#reserve(row + 1);
    this.#count(row, -1);
    this.#lives[row] = content.life;
    this.#versions[row] = content.version;
    this.#changedAtMs[row] = content.changedAtMs;
    this.#lastActiveAtMs[row] = content.view?.lastActiveAtMs ?? NaN;
    if (content.view?.statusMsg === undefined) this.#messages.delete(row);
    else this.#messages.set(row, content.view.statusMsg);
    this.#flags[row] = KNOWN | (source === 'states' ? 0 : AHEAD) | flagsOf(content.view);
    this.#count(row, 1);
  }

  /** The states topic has caught up with the row; a later time of activity is the better one. */
  confirm(row: number, lastActiveAtMs: number | undefined): void {
    this.#flags[row] = this.#flag(row) & ~AHEAD;
    const known = this.#lastActiveAtMs[row] as number;
    if (lastActiveAtMs !== undefined && !(known >= lastActiveAtMs)) this.#lastActiveAtMs[row] = lastActiveAtMs;
  }

  /** Bytes of the columns; names and messages are not counted. */
  get bytes(): number {
    const columns = [this.#flags, this.#lives, this.#versions, this.#changedAtMs, this.#lastActiveAtMs];
    return columns.reduce((sum, column) => sum + column.byteLength, 0);
  }

  viewShown(row: number): boolean {
    return (this.#flag(row) & (KNOWN | GONE)) === KNOWN;
  }

  #count(row: number, by: 1 | -1): void {
    if (!this.viewShown(row)) return;
    this.shown += by;
    const presence = this.#flag(row) & PRESENCE_MASK;
    this.shownAs[presence] = (this.shownAs[presence] ?? 0) + by;
  }

  #flag(row: number): number {
    return this.#flags[row] ?? 0;
  }

  #reserve(rows: number): void {
    if (rows <= this.#flags.length) return;
    const capacity = Math.max(rows, this.#flags.length + (this.#flags.length >> 2), 64);
    this.#flags = extended(this.#flags, new Uint8Array(capacity));
    this.#lives = extended(this.#lives, new Int32Array(capacity));
    this.#versions = extended(this.#versions, new Int32Array(capacity));
    this.#changedAtMs = extended(this.#changedAtMs, new Float64Array(capacity));
    this.#lastActiveAtMs = extended(this.#lastActiveAtMs, new Float64Array(capacity));
  }
}

function flagsOf(view: View | undefined): number {
  if (view === undefined) return GONE;
  return PRESENCES.indexOf(view.presence) | (view.currentlyActive ? ACTIVE : 0);
}

function extended<T extends Uint8Array | Int32Array | Float64Array>(column: T, larger: T): T {
  larger.set(column);
  return larger;
}
