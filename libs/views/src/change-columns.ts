// A ring of changes in typed columns, numbered 0, 1, 2 … for ever; the oldest make room. Invariant: `first` to `next` are held,
// everything else is not looked at; a user's changes are chained from the latest to the earliest one held. It stands apart
// because 200,000 changes must cost megabytes and not hundreds of them: 43 bytes each, beside their messages.
import type { View } from '#libs/presence';
import { ABSENT, PRESENCE_BITS, bitsOfView, viewOfBits } from './view-bits.js';

const NOBODY = -1;

export interface ChangeRow {
  readonly row: number;
  readonly life: number;
  readonly version: number;
  readonly atMs: number;
  readonly view: View | undefined;
  readonly before: View | undefined;
  /** A small number; what it means is the caller's business. */
  readonly cause: number;
  /** The user's change before, if it is held. */
  readonly earlier: number | undefined;
}

export class ChangeColumns {
  first = 0;
  next = 0;
  messageCharacters = 0;
  readonly #rows: Int32Array;
  readonly #lives: Int32Array;
  readonly #versions: Int32Array;
  readonly #atMs: Float64Array;
  readonly #lastActiveAtMs: Float64Array;
  /** How many numbers back the user's change before is; 0 = not held when this one came. */
  readonly #back: Int32Array;
  readonly #after: Uint8Array;
  readonly #before: Uint8Array;
  readonly #causes: Uint8Array;
  readonly #messages: (string | undefined)[] = [];
  readonly #beforeMessages: (string | undefined)[] = [];

  constructor(readonly capacity: number) {
    this.#rows = new Int32Array(capacity);
    this.#lives = new Int32Array(capacity);
    this.#versions = new Int32Array(capacity);
    this.#atMs = new Float64Array(capacity);
    this.#lastActiveAtMs = new Float64Array(capacity);
    this.#back = new Int32Array(capacity);
    this.#after = new Uint8Array(capacity);
    this.#before = new Uint8Array(capacity);
    this.#causes = new Uint8Array(capacity);
  }

  get isFull(): boolean {
    return this.next - this.first >= this.capacity;
  }

  /** The ring must not be full. */
  push(change: ChangeRow): number {
    const number = this.next++;
    const slot = number % this.capacity;
    this.#rows[slot] = change.row;
    this.#lives[slot] = change.life;
    this.#versions[slot] = change.version;
    this.#atMs[slot] = change.atMs;
    this.#lastActiveAtMs[slot] = change.view?.lastActiveAtMs ?? NaN;
    this.#back[slot] = change.earlier === undefined ? 0 : number - change.earlier;
    this.#after[slot] = bitsOfView(change.view);
    this.#before[slot] = bitsOfView(change.before);
    this.#causes[slot] = change.cause;
    this.#messages[slot] = change.view?.statusMsg;
    this.#beforeMessages[slot] = change.before?.statusMsg;
    this.messageCharacters += this.#charactersOf(slot);
    return number;
  }

  /** The oldest one makes room. */
  drop(): void {
    this.#silence(this.first++ % this.capacity);
  }

  /** Nothing is told of this one any more; the numbers of the others stay. */
  erase(number: number): void {
    const slot = number % this.capacity;
    this.#rows[slot] = NOBODY;
    this.#silence(slot);
  }

  isErased(number: number): boolean {
    return this.rowOf(number) === NOBODY;
  }

  rowOf(number: number): number {
    return this.#rows[number % this.capacity] ?? NOBODY;
  }

  lifeOf(number: number): number {
    return this.#lives[number % this.capacity] ?? 0;
  }

  versionOf(number: number): number {
    return this.#versions[number % this.capacity] ?? 0;
  }

  atMsOf(number: number): number {
    return this.#atMs[number % this.capacity] ?? 0;
  }

  causeOf(number: number): number {
    return this.#causes[number % this.capacity] ?? 0;
  }

  /** The user's change before this one, if it is still held. */
  earlierOf(number: number): number | undefined {
    const back = this.#back[number % this.capacity] ?? 0;
    return back === 0 || number - back < this.first ? undefined : number - back;
  }

  /** An index of PRESENCES, or ABSENT. */
  presenceAfter(number: number): number {
    return (this.#after[number % this.capacity] ?? ABSENT) & PRESENCE_BITS;
  }

  presenceBefore(number: number): number {
    return (this.#before[number % this.capacity] ?? ABSENT) & PRESENCE_BITS;
  }

  /** undefined: forgotten. */
  viewAfter(number: number): View | undefined {
    const slot = number % this.capacity;
    return viewOfBits(this.#after[slot] ?? ABSENT, this.#messages[slot], this.#lastActiveAtMs[slot] ?? NaN);
  }

  /** Without the time of activity, which no change tells. undefined: unknown until then. */
  viewBefore(number: number): View | undefined {
    const slot = number % this.capacity;
    return viewOfBits(this.#before[slot] ?? ABSENT, this.#beforeMessages[slot], NaN);
  }

  #silence(slot: number): void {
    this.messageCharacters -= this.#charactersOf(slot);
    this.#messages[slot] = undefined;
    this.#beforeMessages[slot] = undefined;
  }

  #charactersOf(slot: number): number {
    return (this.#messages[slot]?.length ?? 0) + (this.#beforeMessages[slot]?.length ?? 0);
  }
}
