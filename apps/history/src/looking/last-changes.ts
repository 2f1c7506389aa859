// Of everybody, or of a few, the last change at or before a time, found by going through the changes from that time backwards, a piece
// at a time: of whom one is found, nothing earlier is read. Invariant: within a piece the last in the log counts, as a user's changes
// stand there in their order; what is none of ours is passed over, and `verify` names it.
import { decodeChange, type ChangeRecord, type RecordSpans } from '#libs/contracts';
import type { RecordBatch } from '#libs/event-log';
import { RecordWalk, textAt } from '../record-walk.js';
import { UserNumbers } from '../user-numbers.js';
import { ChangeHead } from './change-head.js';

/** Where a change of this piece lies. */
interface Place {
  bytes: Uint8Array;
  start: number;
  end: number;
}

export class LastChanges {
  readonly last = new Map<string, ChangeRecord>();
  readonly #numbers = new UserNumbers();
  /** By number: 1 = found. */
  #isFound = new Uint8Array(1024);
  #found = 0;
  /** Of this piece, by number. */
  #places = new Map<number, Place>();
  #later: ChangeRecord[] = [];
  #earlierLater: (readonly ChangeRecord[])[] = [];
  readonly #walk = new RecordWalk();

  constructor(
    private readonly atMs: number,
    /** Of changes after `atMs` and up to here all are kept; −Infinity = none. */
    private readonly toMs: number,
    private readonly users: ReadonlySet<string> | undefined,
  ) {
    for (const user of users ?? []) this.#numbers.add(user);
  }

  /** Whether everybody who is wanted has been found. */
  get isDone(): boolean {
    return this.users !== undefined && this.#found === this.users.size;
  }

  isFound({ keyBytes, keyStart, keyEnd }: RecordSpans): boolean {
    const user = keyStart < 0 ? -1 : this.#numbers.find(keyBytes, keyStart, keyEnd);
    return user >= 0 && this.#isFound[user] === 1;
  }

  /** A batch of the piece, in the order of the log. */
  take(batch: RecordBatch): void {
    this.#walk.each(batch, (spans) => this.#takeOne(spans));
  }

  /** The piece is read; the next lies before it. */
  endPiece(): void {
    for (const [user, { bytes, start, end }] of this.#places) {
      if (user >= this.#isFound.length) this.#grow(user);
      this.#isFound[user] = 1;
      this.#found += 1;
      const change = wholeChange(textAt(bytes, start, end), this.#numbers.name(user));
      if (change !== undefined) this.last.set(change.userId, change);
    }
    this.#places = new Map();
    if (this.#later.length > 0) this.#earlierLater.push(this.#later);
    this.#later = [];
  }

  /** Changes after the time, in the order of the log. */
  later(): readonly ChangeRecord[] {
    return this.#earlierLater.reverse().flat();
  }

  #takeOne(spans: RecordSpans): void {
    const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = spans;
    if (keyStart < 0 || valueStart < 0) return;
    const user =
      this.users === undefined
        ? this.#numbers.findOrAdd(keyBytes, keyStart, keyEnd)
        : this.#numbers.find(keyBytes, keyStart, keyEnd);
    if (user < 0 || this.#isFound[user] === 1) return;
    const changedMs = timeOf(spans);
    if (changedMs <= this.atMs) this.#place(user, valueBytes, valueStart, valueEnd);
    else if (changedMs <= this.toMs) {
      const change = wholeChange(textAt(valueBytes, valueStart, valueEnd), this.#numbers.name(user));
      if (change !== undefined) this.#later.push(change);
    }
  }

  #place(user: number, bytes: Uint8Array, start: number, end: number): void {
    const known = this.#places.get(user);
    if (known === undefined) this.#places.set(user, { bytes, start, end });
    else {
      known.bytes = bytes;
      known.start = start;
      known.end = end;
    }
  }

  #grow(user: number): void {
    const grown = new Uint8Array(user * 2);
    grown.set(this.#isFound);
    this.#isFound = grown;
  }
}

const head = new ChangeHead();

/** When a stored change was; Infinity = it is none of ours. */
export function timeOf(spans: RecordSpans): number {
  const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = spans;
  if (keyStart < 0 || valueStart < 0) return Infinity;
  if (head.read(spans)) return head.atMs;
  const userId = textAt(keyBytes, keyStart, keyEnd);
  return wholeChange(textAt(valueBytes, valueStart, valueEnd), userId)?.atMs ?? Infinity;
}

/** undefined = none of ours. */
function wholeChange(text: string, userId: string): ChangeRecord | undefined {
  const decoded = decodeChange(text, userId);
  return decoded.ok ? decoded.record : undefined;
}
