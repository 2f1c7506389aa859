// Timers of a whole partition: a hierarchical wheel over dense ids, all in typed arrays, about 18 bytes a timer.
// Invariant: `advance` calls back every id whose deadline has been reached, in the order of the deadlines, and none
// before. It is lazy: a deadline that moves later stays in its bucket until the bucket comes round, so that re-arming
// (the hot path of every renewal and every bump) is one store.

const LEVELS = 4;
const SLOTS = 256;
const WORDS = SLOTS / 32;
const NOWHERE = -1;
/** Milliseconds that one slot of a level spans. */
const SPAN_MS: readonly number[] = [1, 256, 65_536, 16_777_216];

export class TimingWheel {
  /** The true deadline of each id; Infinity = none. */
  #deadlines: Float64Array;
  #next: Int32Array;
  #previous: Int32Array;
  /** level × 256 + slot, or NOWHERE. */
  #bucket: Int16Array;
  readonly #heads = new Int32Array(LEVELS * SLOTS).fill(NOWHERE);
  readonly #startMs = new Float64Array(LEVELS * SLOTS);
  readonly #occupied = new Uint32Array(LEVELS * WORDS);
  /** No timer lies in a bucket that begins before this. */
  #cursorMs: number;
  #nextMs = Infinity;

  constructor(nowMs: number, capacity = 1024) {
    this.#cursorMs = Math.floor(nowMs);
    this.#deadlines = new Float64Array(capacity).fill(Infinity);
    this.#next = new Int32Array(capacity);
    this.#previous = new Int32Array(capacity);
    this.#bucket = new Int16Array(capacity).fill(NOWHERE);
  }

  /** No timer is due before this, milliseconds; Infinity = there is none. A lower bound, because moved deadlines stay behind. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** Sets the deadline of an id in place of the one before; Infinity disarms it. */
  arm(id: number, deadlineMs: number): void {
    if (id >= this.#deadlines.length) this.#grow(id);
    this.#deadlines[id] = deadlineMs;
    const bucket = this.#bucket[id]!;
    if (bucket !== NOWHERE) {
      if (deadlineMs >= this.#startMs[bucket]!) return;
      this.#unlink(id, bucket);
    }
    if (deadlineMs !== Infinity) this.#insert(id, deadlineMs);
  }

  /** How many are armed, and how many of them are due at that time. Looks at every id: for whoever watches, now and then. */
  count(nowMs: number): { readonly armed: number; readonly due: number } {
    let armed = 0;
    let due = 0;
    for (const deadlineMs of this.#deadlines) {
      if (deadlineMs !== Infinity) armed += 1;
      if (deadlineMs <= nowMs) due += 1;
    }
    return { armed, due };
  }

  /** Time has passed: while nothing is due before `nowMs`, new timers may be placed as seen from there. */
  passTo(nowMs: number): void {
    if (nowMs > this.#cursorMs && nowMs < this.#nextMs) this.#cursorMs = Math.floor(nowMs);
  }

  /**
   * The time of the first timer that is truly due at or before `uptoMs`, or, when there is none, a lower bound later
   * than `uptoMs` (Infinity = nothing is armed). Moves timers whose deadlines moved to where they belong.
   */
  firstDue(uptoMs: number): number {
    for (let bucket = this.#reached(uptoMs); bucket !== NOWHERE; bucket = this.#reached(uptoMs)) {
      if (bucket >= SLOTS) this.#spread(bucket);
      else if (this.#keepDue(bucket)) break;
    }
    return this.#nextMs;
  }

  /**
   * Calls back for the deadlines at or before `nowMs`, in their order, at most so many; the callback may arm again.
   * Returns how many; what is left over is still due (`nextMs` ≤ `nowMs`).
   */
  advance(nowMs: number, fire: (id: number, dueMs: number) => void, atMost = Infinity): number {
    let fired = 0;
    while (fired < atMost) {
      const bucket = this.#reached(nowMs);
      if (bucket === NOWHERE) break;
      if (bucket >= SLOTS) this.#spread(bucket);
      else fired += this.#fireAll(bucket, fire, atMost - fired);
    }
    return fired;
  }

  /** The first bucket that begins at or before `nowMs`. */
  #reached(nowMs: number): number {
    if (this.#nextMs > nowMs) return NOWHERE;
    const bucket = this.#firstBucket();
    this.#nextMs = bucket === NOWHERE ? Infinity : this.#startMs[bucket]!;
    return this.#nextMs > nowMs ? NOWHERE : bucket;
  }

  /** The earliest occupied bucket; of two that begin together the coarser one, so that it is spread first. */
  #firstBucket(): number {
    let best = NOWHERE;
    for (let level = LEVELS - 1; level >= 0; level -= 1) {
      const bucket = this.#firstOf(level);
      if (bucket !== NOWHERE && (best === NOWHERE || this.#startMs[bucket]! < this.#startMs[best]!)) best = bucket;
    }
    return best;
  }

  /** The first occupied bucket of a level at or after the cursor's own slot, going round. */
  #firstOf(level: number): number {
    const from = Math.floor(this.#cursorMs / SPAN_MS[level]!) % SLOTS;
    const base = level * WORDS;
    let word = from >>> 5;
    let bits = this.#occupied[base + word]! & (0xffffffff << (from & 31));
    for (let looked = 0; looked <= WORDS; looked += 1) {
      if (bits !== 0) return level * SLOTS + word * 32 + (31 - Math.clz32(bits & -bits));
      word = (word + 1) % WORDS;
      bits = this.#occupied[base + word]!;
    }
    return NOWHERE;
  }

  /** Moves the ids of a coarse bucket to where their true deadlines belong, and the cursor to its beginning. */
  #spread(bucket: number): void {
    this.#moveCursor(bucket);
    for (let id = this.#takeAll(bucket); id !== NOWHERE;) {
      const following = this.#next[id]!;
      this.#bucket[id] = NOWHERE;
      const deadlineMs = this.#deadlines[id]!;
      if (deadlineMs !== Infinity) this.#insert(id, deadlineMs);
      id = following;
    }
  }

  /** Keeps in a bucket of the finest level only what is due in it; false = nothing was. */
  #keepDue(bucket: number): boolean {
    this.#moveCursor(bucket);
    const startMs = this.#startMs[bucket]!;
    for (let id = this.#heads[bucket]!; id !== NOWHERE;) {
      const following = this.#next[id]!;
      const deadlineMs = this.#deadlines[id]!;
      if (deadlineMs <= startMs) return true;
      this.#unlink(id, bucket);
      if (deadlineMs !== Infinity) this.#insert(id, deadlineMs);
      id = following;
    }
    return false;
  }

  #fireAll(bucket: number, fire: (id: number, dueMs: number) => void, atMost: number): number {
    this.#moveCursor(bucket);
    const startMs = this.#startMs[bucket]!;
    // Copied first: a callback may link its id anywhere, this bucket included.
    const ids: number[] = [];
    for (let id = this.#takeAll(bucket); id !== NOWHERE; id = this.#next[id]!) ids.push(id);
    for (const id of ids) this.#bucket[id] = NOWHERE;
    // Overdue ones wait in the cursor's slot, whatever their deadlines.
    if (ids.some((id) => this.#deadlines[id]! < startMs)) {
      ids.sort((one, other) => this.#deadlines[one]! - this.#deadlines[other]!);
    }
    let fired = 0;
    for (const id of ids) {
      if (this.#bucket[id] !== NOWHERE) continue;
      const deadlineMs = this.#deadlines[id]!;
      if (deadlineMs <= startMs && fired < atMost) {
        this.#deadlines[id] = Infinity;
        fired += 1;
        fire(id, startMs);
      } else if (deadlineMs !== Infinity) this.#insert(id, deadlineMs);
    }
    return fired;
  }

  #moveCursor(bucket: number): void {
    const startMs = this.#startMs[bucket]!;
    if (startMs > this.#cursorMs) this.#cursorMs = startMs;
  }

  #insert(id: number, deadlineMs: number): void {
    // What is overdue waits in the cursor's own slot; what lies beyond the last level waits in its farthest slot.
    const atMs = Math.max(Math.ceil(deadlineMs), this.#cursorMs);
    let level = 0;
    while (level < LEVELS - 1 && this.#slotsAhead(level, atMs) >= SLOTS) level += 1;
    const ahead = Math.min(this.#slotsAhead(level, atMs), SLOTS - 1);
    const spanMs = SPAN_MS[level]!;
    const position = Math.floor(this.#cursorMs / spanMs) + ahead;
    const slot = position % SLOTS;
    const bucket = level * SLOTS + slot;
    const startMs = position * spanMs;
    this.#link(id, bucket);
    this.#startMs[bucket] = startMs;
    this.#occupied[level * WORDS + (slot >>> 5)]! |= 1 << (slot & 31);
    if (startMs < this.#nextMs) this.#nextMs = startMs;
  }

  #slotsAhead(level: number, atMs: number): number {
    const spanMs = SPAN_MS[level]!;
    return Math.floor(atMs / spanMs) - Math.floor(this.#cursorMs / spanMs);
  }

  #link(id: number, bucket: number): void {
    const head = this.#heads[bucket]!;
    this.#next[id] = head;
    this.#previous[id] = NOWHERE;
    if (head !== NOWHERE) this.#previous[head] = id;
    this.#heads[bucket] = id;
    this.#bucket[id] = bucket;
  }

  #unlink(id: number, bucket: number): void {
    const next = this.#next[id]!;
    const previous = this.#previous[id]!;
    if (previous === NOWHERE) this.#heads[bucket] = next;
    else this.#next[previous] = next;
    if (next !== NOWHERE) this.#previous[next] = previous;
    this.#bucket[id] = NOWHERE;
    if (this.#heads[bucket] === NOWHERE) this.#empty(bucket);
  }

  /** Empties a bucket and returns its first id; the ids stay chained to each other. */
  #takeAll(bucket: number): number {
    const head = this.#heads[bucket]!;
    this.#heads[bucket] = NOWHERE;
    this.#empty(bucket);
    return head;
  }

  #empty(bucket: number): void {
    const slot = bucket % SLOTS;
    this.#occupied[Math.floor(bucket / SLOTS) * WORDS + (slot >>> 5)]! &= ~(1 << (slot & 31));
  }

  #grow(id: number): void {
    const before = this.#deadlines.length;
    const capacity = Math.max(id + 1, before * 2);
    this.#deadlines = grown(this.#deadlines, new Float64Array(capacity).fill(Infinity, before));
    this.#next = grown(this.#next, new Int32Array(capacity));
    this.#previous = grown(this.#previous, new Int32Array(capacity));
    this.#bucket = grown(this.#bucket, new Int16Array(capacity).fill(NOWHERE, before));
  }
}

function grown<T extends Float64Array | Int32Array | Int16Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
