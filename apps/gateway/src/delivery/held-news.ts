// News of all delivery partitions in the order of their arrival, in columns: objects for each were what the collector had to move.
// Invariant: numbered without a gap; those from `first` up to `next` are here.
import type { Announcement } from './announcements.js';
import type { FrameOrigin } from './frame-origin.js';
import { News } from './news.js';
import type { Position } from './position.js';

export interface Held {
  readonly partition: number;
  readonly position: Position;
  readonly announcement: Announcement;
  readonly origin: FrameOrigin;
  readonly isSuspect: boolean;
  /** Of its first recipient. */
  readonly at: number;
}

const AT_FIRST = 256;

export class HeldNews {
  first = 0;
  next = 0;
  /** Of the ring, a power of two; all of it by number modulo this. */
  #length = 0;
  #offsets = new Float64Array(0);
  #entries = new Uint32Array(0);
  /** Twice the partition, and one more for a suspect. */
  #partitions = new Uint32Array(0);
  #places = new Float64Array(0);
  #announcements: (Announcement | undefined)[] = [];
  #origins: (FrameOrigin | undefined)[] = [];

  constructor() {
    this.#grow(AT_FIRST);
  }

  get size(): number {
    return this.next - this.first;
  }

  push({ partition, position, announcement, origin, isSuspect, at }: Held): void {
    if (this.size === this.#length) this.#grow(this.#length * 2);
    const slot = this.next & (this.#length - 1);
    this.#offsets[slot] = position.offset;
    this.#entries[slot] = position.entry;
    this.#partitions[slot] = partition * 2 + Number(isSuspect);
    this.#places[slot] = at;
    this.#announcements[slot] = announcement;
    this.#origins[slot] = origin;
    this.next += 1;
  }

  /** Lets go of the first. */
  shift(): void {
    const slot = this.#slot(this.first);
    this.#announcements[slot] = undefined;
    this.#origins[slot] = undefined;
    this.first += 1;
  }

  partitionOf(number: number): number {
    return this.#partitions[this.#slot(number)]! >>> 1;
  }

  isSuspect(number: number): boolean {
    return (this.#partitions[this.#slot(number)]! & 1) === 1;
  }

  placeOf(number: number): number {
    return this.#places[this.#slot(number)]!;
  }

  /** Negative: it lies before that position. */
  compare(number: number, { offset, entry }: Position): number {
    const slot = this.#slot(number);
    return this.#offsets[slot]! - offset || this.#entries[slot]! - entry;
  }

  announcementOf(number: number): Announcement {
    return this.#announcements[this.#slot(number)]!;
  }

  timeOf(number: number): number {
    return this.#origins[this.#slot(number)]!.timestampMs;
  }

  positionOf(number: number): Position {
    const slot = this.#slot(number);
    return { offset: this.#offsets[slot]!, entry: this.#entries[slot]! };
  }

  newsOf(number: number): News {
    return new News(this.announcementOf(number), this.positionOf(number), this.#origins[this.#slot(number)]!);
  }

  #slot(number: number): number {
    return number & (this.#length - 1);
  }

  #grow(length: number): void {
    const numbers = Array.from({ length: this.size }, (_, index) => this.first + index);
    const moved = <C extends Float64Array | Uint32Array>(from: C, to: C): C => {
      for (const number of numbers) to[number & (length - 1)] = from[this.#slot(number)]!;
      return to;
    };
    const copied = <T>(from: readonly T[]): (T | undefined)[] => {
      const to = new Array<T | undefined>(length).fill(undefined);
      for (const number of numbers) to[number & (length - 1)] = from[this.#slot(number)];
      return to;
    };
    this.#offsets = moved(this.#offsets, new Float64Array(length));
    this.#entries = moved(this.#entries, new Uint32Array(length));
    this.#partitions = moved(this.#partitions, new Uint32Array(length));
    this.#places = moved(this.#places, new Float64Array(length));
    this.#announcements = copied(this.#announcements);
    this.#origins = copied(this.#origins);
    this.#length = length;
  }
}
