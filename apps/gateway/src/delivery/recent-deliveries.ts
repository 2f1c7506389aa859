// What was delivered lately and to whom: from it every poll and every stream is told. Invariant: complete from each partition's
// floor on; bounded by recipients and by news, the oldest go first. A delivery is one step, of eight bytes, in the chain of
// what its recipient was told: nothing is queued for anybody, and whoever asks walks their own chain back.
import type { Interner } from '#libs/interest';
import type { NumberedEntry } from './frame-records.js';
import { HeldNews } from './held-news.js';
import { LatestHeld } from './latest-held.js';
import type { News, Place } from './news.js';
import { after, comparePositions, compareStamps, type Position, type Stamp } from './position.js';

export interface RecentBounds {
  /** Recipients of everything that is held. */
  readonly maxRecentRecipients: number;
  readonly maxRecentNews: number;
  /** Told to one reader at once. */
  readonly maxSendersAtOnce: number;
}

export interface Delivery extends Place {
  readonly partition: number;
  readonly entry: NumberedEntry;
}

const AT_FIRST = 256;
/** Recipients are counted; what is smaller is none. */
const FIRST_PLACE = 2;
const NO_PLACE = 1;
/** Own deliveries looked at for what may be the same again: to tell that once more does no harm. */
const LOOKED_BACK = 250;
const MAX_MESSAGE_CHARACTERS = 50_000_000;
/** Own deliveries walked over, for each sender that may be told at once. */
const STEPS_A_SENDER = 4;

export class RecentDeliveries {
  readonly #floors: Position[];
  readonly #held: HeldNews;
  /** By place modulo its length, a power of two: how far back the same recipient's place before lies, 0 = none is held. */
  #back = new Uint32Array(AT_FIRST);
  /** In the same way: the number of what is held, its lowest 32 bits. */
  #numbers = new Uint32Array(AT_FIRST);
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
    this.#held = new HeldNews(users, floors.length);
  }

  /** Everything of a partition from there on is held. */
  floor(partition: number): Position {
    const floor = this.#floors[partition];
    if (floor === undefined) throw new Error(`partition ${String(partition)} is not followed`);
    return floor;
  }

  /** Recipients for whom somebody waits go into `awaited`. */
  add(delivery: Delivery, awaited: Set<number>): void {
    const { to } = delivery.entry;
    this.#growHeads();
    if (!this.#makeRoom(to.length)) {
      this.#floors[delivery.partition] = after(delivery.position);
      for (const user of to) if (this.#heads[user]! < 0) awaited.add(user);
      return;
    }
    this.#growRing(to.length);
    const number = this.#held.push(delivery.partition, delivery.entry, delivery, this.#next);
    if (this.#held.suspicionOf(number) === 'same' && !this.#mayRepeat(number, to)) this.#held.clear(number);
    const [heads, back, numbers] = [this.#heads, this.#back, this.#numbers];
    const [mask, oldest] = [back.length - 1, this.#oldest];
    let place = this.#next;
    for (let index = 0; index < to.length; index++, place++) {
      const user = to[index]!;
      const head = heads[user]!;
      const before = head < 0 ? -head : head;
      back[place & mask] = before < oldest ? 0 : place - before;
      numbers[place & mask] = number;
      heads[user] = head < 0 ? -place : place;
      if (head < 0) awaited.add(user);
    }
    this.#next = place;
  }

  /** What came to a user from a place on, of each sender the latest, oldest first. `undefined`: not all of it is held, or it is more than is told at once. */
  since(user: number, partition: number, from: Position): News[] | undefined {
    if (comparePositions(from, this.floor(partition)) < 0) return undefined;
    const held = this.#held;
    const latest = new LatestHeld(held);
    let older = 0;
    const steps = this.#walkBack(user, partition, (number) => {
      const isAsked = held.compare(number, from) >= 0;
      if (!isAsked && (latest.pending === 'none' || (latest.pending === 'same' && ++older > LOOKED_BACK)))
        return 'enough';
      latest.see(number, isAsked);
      return 'more';
    });
    if (steps > this.#maxSteps) return undefined;
    const numbers = latest.numbers();
    return numbers.length > this.bounds.maxSendersAtOnce ? undefined : numbers.map((number) => held.newsOf(number));
  }

  /** Takes out of `stamps`, by the sender's number, those of which a user was told as new since a time. */
  takeTold(user: number, partition: number, sinceMs: number, stamps: Map<number, Stamp>): void {
    const held = this.#held;
    this.#walkBack(user, partition, (number) => {
      if (held.toldAtMsOf(number) < sinceMs) return 'enough';
      const row = held.rowOf(number);
      const stamp = stamps.get(row);
      if (stamp !== undefined && compareStamps(held.stampOf(number), stamp) >= 0) stamps.delete(row);
      return stamps.size > 0 ? 'more' : 'enough';
    });
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

  /** Through what a user was told in a partition, from the newest on: how many steps, one more than may be if they did not suffice. */
  #walkBack(user: number, partition: number, visit: (number: number) => 'more' | 'enough'): number {
    const [held, mask, maxSteps] = [this.#held, this.#back.length - 1, this.#maxSteps];
    let place = Math.abs(this.#heads[user] ?? NO_PLACE);
    let steps = 0;
    while (place >= this.#oldest && ++steps <= maxSteps) {
      const number = held.numberOf(this.#numbers[place & mask]!);
      if (held.partitionOf(number) === partition && visit(number) === 'enough') break;
      const back = this.#back[place & mask]!;
      if (back === 0) break;
      place -= back;
    }
    return steps;
  }

  /** The second frame of what is told to very many repeats nothing to anybody. */
  #mayRepeat(number: number, to: Int32Array): boolean {
    const first = this.#held.toldFirstAt(number);
    return to.some((user) => Math.abs(this.#heads[user]!) >= first);
  }

  /** Whether there is room now for one more with so many recipients. */
  #makeRoom(count: number): boolean {
    const { maxRecentRecipients, maxRecentNews } = this.bounds;
    const isFull = (): boolean =>
      this.#next - this.#oldest + count > maxRecentRecipients ||
      this.#held.size >= maxRecentNews ||
      this.#held.messageCharacters > MAX_MESSAGE_CHARACTERS;
    while (isFull() && this.#held.size > 0) this.#dropFirst();
    return !isFull();
  }

  #dropFirst(): void {
    const held = this.#held;
    const { first } = held;
    this.#floors[held.partitionOf(first)] = after(held.positionOf(first));
    held.shift();
    this.#oldest = held.size > 0 ? held.placeOf(held.first) : this.#next;
  }

  #growHeads(): void {
    if (this.users.size <= this.#heads.length) return;
    const heads = new Float64Array(Math.max(this.users.size, this.#heads.length * 2));
    heads.set(this.#heads);
    this.#heads = heads;
  }

  #growRing(more: number): void {
    const [back, numbers] = [this.#back, this.#numbers];
    let { length } = back;
    while (length < this.#next - this.#oldest + more) length *= 2;
    if (length === back.length) return;
    this.#back = new Uint32Array(length);
    this.#numbers = new Uint32Array(length);
    for (let place = this.#oldest; place < this.#next; place++) {
      const [from, to] = [place & (back.length - 1), place & (length - 1)];
      this.#back[to] = back[from]!;
      this.#numbers[to] = numbers[from]!;
    }
  }
}
