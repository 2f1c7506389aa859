// What is told of senders, and which of it may have been told before. Every partition that tells of a change tells the same: it is
// held once. Invariant: what is no suspect was told to nobody who is held in that partition, nor anything newer of its sender.
import type { FrameNews } from '#libs/contracts';
import type { View } from '#libs/presence';
import type { BusyName } from '#libs/matrix';
import { eventText } from './event-text.js';
import type { NumberedEntry } from './frame-records.js';
import { compareStamps, type Stamp } from './position.js';

/** An ago is told in milliseconds, and on its way for longer. */
const SHARED_MS = 10;
/** Partitions in one small integer. */
const FLAGS = 30;

/** One state of one sender, as frames tell it. Immutable but for the cached text and what is known of its partitions. */
export class Announcement implements Stamp {
  readonly life: number;
  readonly version: number;
  /** Absent: forgotten; shown as offline without anything. */
  readonly view: View | undefined;
  /** Of the input that caused it, if it came with one. */
  readonly traceparent: string | undefined;
  /** Of the last one of a sender: how often anything of the sender is held. */
  held = 0;
  #text = '';
  #textAtMs = 0;
  #flags = 0;
  #others: Set<number> | undefined;

  constructor(
    entry: FrameNews,
    /** The same text for all news of one sender. */
    readonly sender: string,
    /** The sender's number. */
    readonly row: number,
  ) {
    this.life = entry.life;
    this.version = entry.version;
    this.traceparent = entry.traceparent;
    this.view = entry.kind === 'shown' ? entry.view : undefined;
  }

  /** The `m.presence` event as JSON; everybody whom one wake-up answers shares the text, whose ago is so much old at most. */
  eventText(nowMs: number, busyName: BusyName): string {
    if (this.#text === '' || nowMs < this.#textAtMs || nowMs - this.#textAtMs > SHARED_MS) {
      this.#text = eventText(this.sender, this.view, nowMs, busyName);
      this.#textAtMs = nowMs;
    }
    return this.#text;
  }

  tells(entry: FrameNews): boolean {
    const told = entry.kind === 'shown' ? entry.view : undefined;
    const { view } = this;
    if (told === undefined || view === undefined) return told === view && entry.traceparent === this.traceparent;
    return (
      told.presence === view.presence &&
      told.currentlyActive === view.currentlyActive &&
      told.lastActiveAtMs === view.lastActiveAtMs &&
      told.statusMsg === view.statusMsg &&
      entry.traceparent === this.traceparent
    );
  }

  isSeenIn(partition: number): boolean {
    return partition < FLAGS ? (this.#flags & (1 << partition)) !== 0 : (this.#others?.has(partition) ?? false);
  }

  seeIn(partition: number): void {
    if (partition < FLAGS) this.#flags |= 1 << partition;
    else (this.#others ??= new Set()).add(partition);
  }

  /** Takes over what is known of partitions. */
  seeAsIn(other: Announcement): void {
    this.#flags = other.#flags;
    this.#others = other.#others;
  }
}

export class Announcements {
  /** By the sender's number. */
  readonly #last = new Map<number, Announcement>();

  get size(): number {
    return this.#last.size;
  }

  /** To be held from now on. */
  take({ news, row, sender }: NumberedEntry, partition: number): { announcement: Announcement; isSuspect: boolean } {
    const last = this.#last.get(row);
    const order = last === undefined ? 1 : compareStamps(news, last);
    if (last !== undefined && order <= 0) {
      last.held += 1;
      const isSuspect = order < 0 || last.isSeenIn(partition);
      if (order < 0) return { announcement: new Announcement(news, sender, row), isSuspect };
      last.seeIn(partition);
      if (last.tells(news)) return { announcement: last, isSuspect };
      const other = this.#replace(last, new Announcement(news, sender, row));
      other.seeAsIn(last);
      return { announcement: other, isSuspect };
    }
    const announcement = this.#replace(last, new Announcement(news, sender, row));
    announcement.held += 1;
    announcement.seeIn(partition);
    return { announcement, isSuspect: false };
  }

  /** Of one that was taken: it is held once less. */
  letGo({ row }: Announcement): void {
    const last = this.#last.get(row);
    if (last === undefined) return;
    last.held -= 1;
    if (last.held === 0) this.#last.delete(row);
  }

  #replace(last: Announcement | undefined, by: Announcement): Announcement {
    by.held = last?.held ?? 0;
    this.#last.set(by.row, by);
    return by;
  }
}
