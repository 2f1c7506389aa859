// One partition of the deliveries topic as this gateway has applied it: how far, how far a snapshot may claim, and the
// inboxes of the recipients who live in it. Invariant: `safe` never lies behind a frame whose headers the views here have not
// reached, and never falls. It stands apart because this is the one place where positions are given out.
import type { Interner } from '#libs/interest';
import type { FrameOrigin } from './frame-origin.js';
import type { NumberedEntry } from './frame-records.js';
import { Inbox, type InboxBounds } from './inbox.js';
import { News } from './news.js';
import { comparePositions, startOf, type Position } from './position.js';
import { RecentFrames } from './recent-frames.js';

export interface Reached {
  readonly position: Position;
  /** The log's time there, at the latest. */
  readonly timeMs: number;
}

interface Unreached extends Reached {
  readonly origin: FrameOrigin;
}

/** Read again from the log: everything told to one user from a place up to another. */
export interface Replayed {
  readonly news: readonly News[];
  readonly readTo: Position;
}

export interface PartitionBounds {
  readonly inbox: InboxBounds;
  readonly maxRecentRecipients: number;
}

export interface PartitionOptions {
  readonly index: number;
  readonly startOffset: number;
  readonly startedAtMs: number;
  readonly bounds: PartitionBounds;
  /** Everybody's numbers. */
  readonly users: Interner;
}

export class DeliveryPartition {
  readonly index: number;
  readonly recent: RecentFrames;
  /** By the recipient's number. */
  readonly #inboxes = new Map<number, Inbox>();
  #end: Reached;
  /** Frames that the views have not reached yet, with the place before each. */
  #unreached: Unreached[] = [];
  #reachedKey = '';
  readonly #touched = new Set<Inbox>();
  readonly #listeners = new Set<() => void>();

  constructor(private readonly options: PartitionOptions) {
    this.index = options.index;
    this.#end = { position: startOf(options.startOffset), timeMs: options.startedAtMs };
    this.recent = new RecentFrames(this.#end.position, options.bounds.maxRecentRecipients);
  }

  /** Everything before it has been applied. */
  get end(): Reached {
    return this.#end;
  }

  /** The place that a snapshot made of the present views may carry. */
  get safe(): Reached {
    return this.#unreached[0] ?? this.#end;
  }

  applyFrame(
    offset: number,
    entries: readonly NumberedEntry[],
    origin: FrameOrigin,
    isReached: (origin: FrameOrigin) => boolean,
  ): void {
    if (!this.#knownReached(origin, isReached)) {
      const timeMs = Math.min(this.#end.timeMs, origin.timestampMs);
      this.#unreached.push({ position: this.#end.position, timeMs, origin });
    }
    entries.forEach(({ news: told, sender, to }, index) => {
      const news = new News(told, sender, { offset, entry: index }, origin);
      this.recent.add(news, to);
      for (const recipient of to) {
        const inbox = this.#inboxes.get(recipient);
        if (inbox?.put(news) === 'news') this.#touched.add(inbox);
      }
    });
    this.#end = { position: startOf(offset + 1), timeMs: origin.timestampMs };
  }

  /** A batch was applied: positions move over what holds no frame, and whoever waits is told once. */
  finish(nextOffset: number): void {
    if (nextOffset > this.#end.position.offset) this.#end = { position: startOf(nextOffset), timeMs: this.#end.timeMs };
    for (const inbox of this.#touched) inbox.wake();
    this.#touched.clear();
    for (const listener of this.#listeners) listener();
  }

  /** The views have moved on. */
  recheck(isReached: (origin: FrameOrigin) => boolean): void {
    let count = 0;
    while (count < this.#unreached.length) {
      const unreached = this.#unreached[count];
      if (unreached !== undefined && !this.#knownReached(unreached.origin, isReached)) break;
      count += 1;
    }
    if (count > 0) this.#unreached.splice(0, count);
  }

  onApplied(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What is new for a user, if anybody asked for it lately. */
  inbox(userId: string): Inbox | undefined {
    const number = this.options.users.find(userId);
    return number === undefined ? undefined : this.#inboxes.get(number);
  }

  /** Where memory of what a user was told begins: earlier places have to be read again from the log. */
  memoryFrom(userId: string): Position {
    const floor = this.inbox(userId)?.floor;
    return floor !== undefined && comparePositions(floor, this.recent.floor) < 0 ? floor : this.recent.floor;
  }

  /** An inbox that is complete from a place on. `undefined`: neither memory nor what was replayed reaches back so far, or more senders than an inbox holds. */
  open(userId: string, since: Position, replayed: Replayed = { news: [], readTo: since }): Inbox | undefined {
    const number = this.options.users.intern(userId);
    const known = this.#inboxes.get(number);
    if (known !== undefined && comparePositions(since, known.floor) >= 0) return known;
    if (comparePositions(replayed.readTo, this.memoryFrom(userId)) < 0) return undefined;
    const upTo = known?.floor ?? this.#end.position;
    const fromLog = replayed.news.filter((news) => comparePositions(news.position, upTo) < 0);
    const inbox = known ?? new Inbox(userId, since, this.options.bounds.inbox);
    inbox.extendBack([...fromLog, ...this.recent.find(number, replayed.readTo, upTo)], since);
    this.#inboxes.set(number, inbox);
    return comparePositions(inbox.floor, since) > 0 ? undefined : inbox;
  }

  evictIdle(usedBeforeMs: number): void {
    for (const [number, inbox] of this.#inboxes) {
      if (inbox.holders > 0 || inbox.usedAtMs >= usedBeforeMs) continue;
      this.#inboxes.delete(number);
      inbox.discard();
    }
  }

  #knownReached(origin: FrameOrigin, isReached: (origin: FrameOrigin) => boolean): boolean {
    if (origin.key === this.#reachedKey) return true;
    if (!isReached(origin)) return false;
    this.#reachedKey = origin.key;
    return true;
  }
}
