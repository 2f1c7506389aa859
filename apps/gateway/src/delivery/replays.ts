// The log read again for tokens that lie before what memory holds. Invariant: one pass over a partition serves everybody who waits
// when it begins, so that a crowd that comes back costs one reading; who comes meanwhile is served by the next pass. What a
// pass found is kept for as long as memory goes on from it.
import type { EventLog, LogRecord } from '#libs/event-log';
import type { Interner } from '#libs/interest';
import { FrameReader } from './frame-records.js';
import { LatestNews } from './latest-news.js';
import { newsOf, type News } from './news.js';
import { comparePositions, startOf, type Position } from './position.js';

export interface ReplaysOptions {
  readonly log: EventLog;
  readonly topic: string;
  /** Everybody's numbers. */
  readonly users: Interner;
  /** A token further behind is lost. */
  readonly maxFrames: number;
  /** So is one with more than that to tell. */
  readonly maxSenders: number;
  /** Where memory begins. */
  readonly floor: (partition: number) => Position;
  /** Where it ends. */
  readonly end: (partition: number) => Position;
}

/** Everything told to one user from a place up to another. */
export interface Replayed {
  readonly partition: number;
  readonly since: Position;
  readonly news: readonly News[];
  readonly readTo: Position;
}

interface Asked {
  readonly user: number;
  readonly since: Position;
  readonly found: LatestNews;
  readonly resolve: (replayed: Replayed | 'lost') => void;
  readonly reject: (error: unknown) => void;
}

/** Partitions read at once. */
const MAX_PASSES = 4;
const MAX_WAITING = 10_000;
/** Frames behind where memory begins. */
const READ_FURTHER = 2_000;
/** In all that is kept. */
const MAX_KEPT_NEWS = 200_000;

export class Replays {
  readonly #waiting = new Map<number, Asked[]>();
  readonly #reading = new Set<number>();
  /** By user, the oldest first. */
  readonly #kept = new Map<number, Replayed>();
  #keptNews = 0;
  readonly #frames: FrameReader;

  constructor(private readonly options: ReplaysOptions) {
    this.#frames = new FrameReader(options.users);
  }

  /** What a pass found for a user from a place or an earlier one on, if memory goes on from it. */
  kept(user: number, partition: number, since: Position): Replayed | undefined {
    const kept = this.#kept.get(user);
    return kept !== undefined &&
      kept.partition === partition &&
      comparePositions(kept.since, since) <= 0 &&
      this.#goesOn(kept)
      ? kept
      : undefined;
  }

  /** What a user was told from a place on up to where memory begins. `lost`: too far back, too much, or too many wait. @throws whatever reading throws */
  ask(user: number, partition: number, since: Position): Promise<Replayed | 'lost'> {
    const waiting = this.#waiting.get(partition) ?? [];
    if (waiting.length >= MAX_WAITING) return Promise.resolve('lost');
    this.#waiting.set(partition, waiting);
    return new Promise((resolve, reject) => {
      waiting.push({ user, since, found: new LatestNews(), resolve, reject });
      this.#begin();
    });
  }

  /** Lets go of whatever memory does not go on from. */
  sweep(): void {
    for (const [user, kept] of this.#kept) if (!this.#goesOn(kept)) this.#drop(user, kept);
  }

  #goesOn({ partition, readTo }: Replayed): boolean {
    return comparePositions(readTo, this.options.floor(partition)) >= 0;
  }

  #begin(): void {
    for (const [partition, asked] of this.#waiting) {
      if (this.#reading.size >= MAX_PASSES) return;
      if (this.#reading.has(partition)) continue;
      this.#waiting.delete(partition);
      this.#reading.add(partition);
      this.#pass(partition, asked)
        .catch((error: unknown) => {
          for (const { reject } of asked) reject(error);
        })
        .finally(() => {
          this.#reading.delete(partition);
          this.#begin();
        });
    }
  }

  async #pass(partition: number, asked: readonly Asked[]): Promise<void> {
    const { log, topic, maxFrames, maxSenders, floor, end } = this.options;
    const start = (await log.starts(topic))[partition] ?? 0;
    const upTo = floor(partition).offset + 1;
    // Memory may move on meanwhile by so much, and go on from what was found.
    const to = Math.max(floor(partition).offset, Math.min(end(partition).offset, upTo + READ_FURTHER));
    const near: Asked[] = [];
    let from = to;
    for (const one of asked) {
      const { offset } = one.since;
      if (offset < start || upTo - offset > maxFrames) {
        one.resolve('lost');
        continue;
      }
      near.push(one);
      from = Math.min(from, offset);
    }
    if (near.length === 0) return;
    const byUser = askedByUser(near);
    for await (const { records } of log.read(topic, partition, from, to))
      for (const record of records) this.#find(record, byUser);
    for (const { user, since, found, resolve } of near)
      resolve(
        found.size > maxSenders
          ? 'lost'
          : this.#keep(user, { partition, since, news: found.since(since), readTo: startOf(to) }),
      );
    this.#makeRoom();
  }

  #find(record: LogRecord, byUser: ReadonlyMap<number, readonly Asked[]>): void {
    const frame = this.#frames.read(record);
    const { maxSenders } = this.options;
    frame?.entries.forEach((entry, index) => {
      const { origin, toldAtMs } = frame;
      const news = newsOf(entry, { position: { offset: record.offset, entry: index }, origin, toldAtMs });
      for (const recipient of entry.to)
        for (const { since, found } of byUser.get(recipient) ?? NOBODY)
          if (found.size <= maxSenders && comparePositions(news.position, since) >= 0) found.put(news);
    });
  }

  #keep(user: number, replayed: Replayed): Replayed {
    const before = this.#kept.get(user);
    if (before !== undefined) {
      if (this.kept(user, replayed.partition, replayed.since) === before) return replayed;
      this.#drop(user, before);
    }
    this.#kept.set(user, replayed);
    this.#keptNews += sizeOf(replayed);
    return replayed;
  }

  /** Once for a whole pass: it walks over all that were taken out before. */
  #makeRoom(): void {
    for (const [oldest, kept] of this.#kept) {
      if (this.#keptNews <= MAX_KEPT_NEWS) break;
      this.#drop(oldest, kept);
    }
  }

  #drop(user: number, kept: Replayed): void {
    this.#kept.delete(user);
    this.#keptNews -= sizeOf(kept);
  }
}

/** What holds none takes a place too. */
function sizeOf({ news }: Replayed): number {
  return 1 + news.length;
}

function askedByUser(asked: readonly Asked[]): ReadonlyMap<number, readonly Asked[]> {
  const byUser = new Map<number, Asked[]>();
  for (const one of asked) {
    const known = byUser.get(one.user);
    if (known === undefined) byUser.set(one.user, [one]);
    else known.push(one);
  }
  return byUser;
}

const NOBODY: readonly Asked[] = [];
