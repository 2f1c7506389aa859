// The log read again for tokens that lie before what memory holds. Invariant: one pass over a partition serves everybody who waits
// when it begins, so that a crowd that comes back costs one reading; who comes meanwhile is served by the next pass.
import type { EventLog, LogRecord } from '#libs/event-log';
import type { Interner } from '#libs/interest';
import type { DeliveryPartition, Replayed } from './delivery-partition.js';
import { FrameReader } from './frame-records.js';
import { Inbox, type InboxBounds } from './inbox.js';
import { KeptNews } from './kept-news.js';
import { News } from './news.js';
import { comparePositions, startOf, type Position } from './position.js';

export interface ReplaysOptions {
  readonly log: EventLog;
  readonly topic: string;
  /** Everybody's numbers. */
  readonly users: Interner;
  /** A token further behind is lost. */
  readonly maxFrames: number;
  readonly maxSendersPerInbox: number;
}

interface Asked {
  readonly since: Position;
  /** What the pass finds. */
  readonly inbox: Inbox;
  readonly resolve: (replayed: Replayed | 'lost') => void;
  readonly reject: (error: unknown) => void;
}

/** Partitions read at once. */
const MAX_PASSES = 4;
const MAX_WAITING = 10_000;

export class Replays {
  readonly #waiting = new Map<DeliveryPartition, Asked[]>();
  readonly #reading = new Set<DeliveryPartition>();

  readonly #frames: FrameReader;
  readonly #bounds: InboxBounds;

  constructor(private readonly options: ReplaysOptions) {
    this.#frames = new FrameReader(options.users);
    this.#bounds = { maxSenders: options.maxSendersPerInbox, kept: new KeptNews(Infinity) };
  }

  /** What a user was told from a place on up to where memory begins. `lost`: too far back, or too many wait. @throws whatever reading throws */
  ask(partition: DeliveryPartition, userId: string, since: Position): Promise<Replayed | 'lost'> {
    const waiting = this.#waiting.get(partition) ?? [];
    if (waiting.length >= MAX_WAITING) return Promise.resolve('lost');
    this.#waiting.set(partition, waiting);
    return new Promise((resolve, reject) => {
      waiting.push({ since, inbox: new Inbox(userId, since, this.#bounds), resolve, reject });
      this.#begin();
    });
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

  async #pass(partition: DeliveryPartition, asked: readonly Asked[]): Promise<void> {
    const { log, topic, maxFrames } = this.options;
    const start = (await log.starts(topic))[partition.index] ?? 0;
    const near: Asked[] = [];
    let [from, to] = [Infinity, 0];
    for (const one of asked) {
      const { since, inbox } = one;
      const upTo = partition.memoryFrom(inbox.userId).offset + 1;
      if (since.offset < start || upTo - since.offset > maxFrames) {
        one.resolve('lost');
        continue;
      }
      near.push(one);
      from = Math.min(from, since.offset);
      to = Math.max(to, upTo);
    }
    const byUser = this.#askedByUser(near);
    if (near.length > 0)
      for await (const { records } of log.read(topic, partition.index, from, to))
        for (const record of records) this.#find(record, byUser);
    for (const { since, inbox, resolve } of near)
      resolve(comparePositions(inbox.floor, since) > 0 ? 'lost' : { news: inbox.since(since), readTo: startOf(to) });
  }

  #askedByUser(asked: readonly Asked[]): ReadonlyMap<number, readonly Asked[]> {
    const byUser = new Map<number, Asked[]>();
    for (const one of asked) {
      const number = this.options.users.intern(one.inbox.userId);
      const known = byUser.get(number);
      if (known === undefined) byUser.set(number, [one]);
      else known.push(one);
    }
    return byUser;
  }

  #find(record: LogRecord, byUser: ReadonlyMap<number, readonly Asked[]>): void {
    const frame = this.#frames.read(record);
    frame?.entries.forEach(({ news: told, sender, to }, index) => {
      const news = new News(told, sender, { offset: record.offset, entry: index }, frame.origin);
      for (const recipient of to)
        for (const { since, inbox } of byUser.get(recipient) ?? NOBODY)
          if (comparePositions(news.position, since) >= 0) inbox.put(news);
    });
  }
}

const NOBODY: readonly Asked[] = [];
