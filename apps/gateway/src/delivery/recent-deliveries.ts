// What was delivered lately and to whom: from it every poll and every stream is told. Invariant: complete from each partition's
// floor on; bounded by recipients and by news, the oldest go first. A delivery is one step, of four bytes, in the chain of
// what its recipient was told: nothing is queued for anybody, and whoever asks walks their own chain back.
import type { Interner } from '#libs/interest';
import { LatestNews, isKnown } from './latest-news.js';
import type { News } from './news.js';
import { after, comparePositions, type Position } from './position.js';

export interface RecentBounds {
  /** Recipients of everything that is held. */
  readonly maxRecentRecipients: number;
  readonly maxRecentNews: number;
  /** Told to one reader at once. */
  readonly maxSendersAtOnce: number;
}

/** News in a partition, from whom it is by number, and whom it is for. */
export interface Delivery {
  readonly partition: number;
  readonly row: number;
  readonly news: News;
  readonly to: Int32Array;
}

interface Held {
  readonly partition: number;
  readonly row: number;
  readonly news: News;
  /** Of its first recipient. */
  readonly at: number;
  /** Some of its recipients may have been told the same or newer of its sender. */
  readonly isSuspect: boolean;
}

const AT_FIRST = 256;
/** Recipients are counted; what is smaller is none. */
const FIRST_PLACE = 2;
const NO_PLACE = 1;
/** Own deliveries looked at for what a suspect repeats. */
const LOOKED_BACK = 250;
/** Own deliveries walked over, for each sender that may be told at once. */
const STEPS_A_SENDER = 4;

export class RecentDeliveries {
  readonly #floors: Position[];
  #held: Held[] = [];
  /** In `#held`: what is before has been let go. */
  #first = 0;
  /** By partition and row: the last that is held of a sender. */
  readonly #last: readonly Map<number, Held>[];
  /** By place modulo its length, a power of two: how far back the same recipient's place before lies, 0 = none is held. */
  #back = new Uint32Array(AT_FIRST);
  /** By recipient, their last place; negative while somebody waits for them. */
  #heads = new Float64Array(AT_FIRST);
  #oldest = FIRST_PLACE;
  #next = FIRST_PLACE;

  constructor(
    floors: readonly Position[],
    private readonly users: Interner,
    private readonly bounds: RecentBounds,
  ) {
    this.#floors = [...floors];
    this.#last = floors.map(() => new Map());
  }

  /** Everything of a partition from there on is held. */
  floor(partition: number): Position {
    const floor = this.#floors[partition];
    if (floor === undefined) throw new Error(`partition ${String(partition)} is not followed`);
    return floor;
  }

  /** Recipients for whom somebody waits go into `awaited`. */
  add(delivery: Delivery, awaited: Set<number>): void {
    const { partition, news, to } = delivery;
    this.#growHeads();
    if (!this.#makeRoom(to.length)) {
      this.#floors[partition] = after(news.position);
      for (const user of to) if (this.#heads[user]! < 0) awaited.add(user);
      return;
    }
    this.#hold(delivery);
    const [heads, back, mask, oldest] = [this.#heads, this.#back, this.#back.length - 1, this.#oldest];
    let place = this.#next;
    for (let index = 0; index < to.length; index++, place++) {
      const user = to[index]!;
      const head = heads[user]!;
      const before = head < 0 ? -head : head;
      back[place & mask] = before < oldest ? 0 : place - before;
      heads[user] = head < 0 ? -place : place;
      if (head < 0) awaited.add(user);
    }
    this.#next = place;
  }

  /** What came to a user from a place on, of each sender the latest, oldest first. `undefined`: not all of it is held, or it is more than is told at once. */
  since(user: number, partition: number, from: Position): News[] | undefined {
    if (comparePositions(from, this.floor(partition)) < 0) return undefined;
    const found: News[] = [];
    let [isSuspect, older] = [false, 0];
    this.#walkBack(user, partition, ({ news, isSuspect: mayRepeat }) => {
      const isAsked = comparePositions(news.position, from) >= 0;
      if (!isAsked && (!isSuspect || ++older > LOOKED_BACK)) return 'enough';
      isSuspect ||= mayRepeat;
      return found.push(news) > this.#maxSteps ? 'enough' : 'more';
    });
    if (found.length > this.#maxSteps) return undefined;
    if (found.length <= 1 && !isSuspect) return found;
    const latest = foldOf(found).since(from);
    return latest.length > this.bounds.maxSendersAtOnce ? undefined : latest;
  }

  /** What came to a user since a time, as far as it is held, and no more than is told at once. */
  latest(user: number, partition: number, sinceMs: number): LatestNews {
    const found: News[] = [];
    this.#walkBack(user, partition, ({ news }) =>
      news.origin.timestampMs >= sinceMs && found.push(news) <= this.#maxSteps ? 'more' : 'enough',
    );
    return foldOf(found);
  }

  /** Until `letGo`, whatever is added for this user is told to `awaited`. */
  await(user: number): void {
    this.#growHeads();
    this.#heads[user] = -Math.max(NO_PLACE, Math.abs(this.#heads[user]!));
  }

  letGo(user: number): void {
    this.#heads[user] = Math.abs(this.#heads[user]!);
  }

  get #maxSteps(): number {
    return this.bounds.maxSendersAtOnce * STEPS_A_SENDER + LOOKED_BACK;
  }

  /** Through what a user was told in a partition, from the newest on. */
  #walkBack(user: number, partition: number, visit: (held: Held) => 'more' | 'enough'): void {
    let place = Math.abs(this.#heads[user] ?? NO_PLACE);
    let index = this.#held.length;
    while (place >= this.#oldest) {
      index = this.#indexOf(place, index);
      const held = this.#held[index]!;
      if (held.partition === partition && visit(held) === 'enough') return;
      const back = this.#back[place & (this.#back.length - 1)]!;
      if (back === 0) return;
      place -= back;
    }
  }

  /** Whose recipient has this place, among those up to `end`. */
  #indexOf(place: number, end: number): number {
    let [low, high] = [this.#first, Math.min(end, this.#held.length - 1)];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#held[middle]!.at <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #hold({ partition, row, news, to }: Delivery): void {
    this.#growBack(to.length);
    const lasts = this.#last[partition]!;
    const last = lasts.get(row);
    const held = { partition, row, news, at: this.#next, isSuspect: last !== undefined && isKnown(news, last.news) };
    this.#held.push(held);
    if (!held.isSuspect) lasts.set(row, held);
  }

  /** Whether there is room now for one more with so many recipients. */
  #makeRoom(count: number): boolean {
    const { maxRecentRecipients, maxRecentNews } = this.bounds;
    const isFull = (): boolean =>
      this.#next - this.#oldest + count > maxRecentRecipients || this.#held.length - this.#first >= maxRecentNews;
    while (isFull() && this.#first < this.#held.length) this.#dropFirst();
    if (this.#first > 1_024 && this.#first * 2 > this.#held.length) {
      this.#held = this.#held.slice(this.#first);
      this.#first = 0;
    }
    return !isFull();
  }

  #dropFirst(): void {
    const held = this.#held[this.#first]!;
    this.#first += 1;
    this.#oldest = this.#held[this.#first]?.at ?? this.#next;
    this.#floors[held.partition] = after(held.news.position);
    const lasts = this.#last[held.partition]!;
    if (lasts.get(held.row) === held) lasts.delete(held.row);
  }

  #growHeads(): void {
    if (this.users.size <= this.#heads.length) return;
    const heads = new Float64Array(Math.max(this.users.size, this.#heads.length * 2));
    heads.set(this.#heads);
    this.#heads = heads;
  }

  #growBack(more: number): void {
    const old = this.#back;
    let { length } = old;
    while (length < this.#next - this.#oldest + more) length *= 2;
    if (length === old.length) return;
    this.#back = new Uint32Array(length);
    for (let place = this.#oldest; place < this.#next; place++)
      this.#back[place & (length - 1)] = old[place & (old.length - 1)]!;
  }
}

function foldOf(newestFirst: readonly News[]): LatestNews {
  const latest = new LatestNews();
  for (let index = newestFirst.length - 1; index >= 0; index--) latest.put(newestFirst[index]!);
  return latest;
}
