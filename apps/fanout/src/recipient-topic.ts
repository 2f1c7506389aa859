// What one recipient topic holds, as far as it was read and written: per sender the newest stamp, or that it is not there.
// Invariant: of two records of one sender the later in the log counts, whether it was read or written here; so the echo of
// an own write, read back later, changes nothing.

export interface Held {
  readonly life: number;
  readonly version: number;
  /** false: a tombstone. */
  readonly present: boolean;
  readonly offset: number;
}

/**
 * Whether steps wait for its writes:
 *   taking ──► trying: one was not answered in time, and may be yet
 *   taking, trying ──► resting: one failed; nothing is written for a while
 *   resting ──► suspect: it is to be tried by a write that nobody waits for
 *   suspect ──► trying ──► taking
 */
export type Writing = 'taking' | 'trying' | 'resting' | 'suspect';

const FIRST_REST_MS = 5_000;
const LONGEST_REST_MS = 300_000;

export class RecipientTopic {
  readonly #held = new Map<number, Held>();
  /** By partition: every record before it was told by `hold`. */
  readonly #passed: number[] = [];
  /** Read to the end that it had when it was found: from then on it is written. */
  ready = false;
  writing: Writing = 'taking';
  /** The next one; ms. */
  restMs = FIRST_REST_MS;
  restsUntilMs = 0;
  #takingSinceMs = 0;
  /** Ends when it was found; what has to be read before it is ready. */
  endsAtFirst: readonly number[] | undefined;

  constructor(
    readonly name: string,
    /** The log's identity of the topic. */
    readonly id: string,
    /** The recipient's number. */
    readonly user: number,
    readonly partitions: number,
  ) {}

  /** Nothing is written to it now, but for the write by which it is being tried. */
  get isFailing(): boolean {
    return this.writing === 'trying' || this.writing === 'resting';
  }

  /** It took what was written. */
  took(nowMs: number): void {
    this.writing = 'taking';
    this.#takingSinceMs = nowMs;
  }

  /** It did not: nothing is written to it for a while, longer each time until it has taken everything for as long. */
  rest(nowMs: number): void {
    if (this.writing === 'resting') return;
    if (this.writing === 'taking' && nowMs - this.#takingSinceMs > this.restMs) this.restMs = FIRST_REST_MS;
    this.writing = 'resting';
    this.restsUntilMs = nowMs + this.restMs;
    this.restMs = Math.min(LONGEST_REST_MS, this.restMs * 2);
  }

  /** It has to be read again from its start: what it held may be lost. */
  unread(): void {
    this.ready = false;
    this.endsAtFirst = undefined;
    this.#held.clear();
    this.#passed.length = 0;
  }

  held(sender: number): Held | undefined {
    return this.#held.get(sender);
  }

  /** Senders that the topic shows. */
  *senders(): IterableIterator<number> {
    for (const [sender, held] of this.#held) if (held.present) yield sender;
  }

  /** Everything before this offset has been read. */
  read(partition: number, nextOffset: number): void {
    this.#passed[partition] = Math.max(this.#passed[partition] ?? 0, nextOffset);
  }

  /** Written here: if nobody wrote in between, nothing up to there need be read. */
  wrote(partition: number, offset: number): void {
    if (this.#passed[partition] === offset) this.#passed[partition] = offset + 1;
  }

  /** Whether reading up to there would tell nothing. */
  isPassed(partition: number, nextOffset: number): boolean {
    return (this.#passed[partition] ?? 0) >= nextOffset;
  }

  /** The record at this offset, or one after it, has been told by `hold`. */
  knows(sender: number, offset: number): boolean {
    return (this.#held.get(sender)?.offset ?? -1) >= offset;
  }

  /** `news`: it was not known from a record at or after this one. */
  hold(sender: number, held: Held): 'news' | 'known' {
    if (this.knows(sender, held.offset)) return 'known';
    this.#held.set(sender, held);
    return 'news';
  }
}
