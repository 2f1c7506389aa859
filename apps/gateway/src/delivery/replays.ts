// The log read again for tokens that lie before what memory holds. Invariant: one pass over a partition serves everybody who waits
// when it begins, so that a crowd that comes back costs one reading; who comes meanwhile is served by the next pass.
import type { EventLog, LogRecord } from '#libs/event-log';
import type { DeliveryPartition, Replayed } from './delivery-partition.js';
import { readFrame } from './frame-records.js';
import { Inbox } from './inbox.js';
import { News } from './news.js';
import { comparePositions, startOf, type Position } from './position.js';

export interface ReplaysOptions {
  readonly log: EventLog;
  readonly topic: string;
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

  constructor(private readonly options: ReplaysOptions) {}

  /** What a user was told from a place on up to where memory begins. `lost`: too far back, or too many wait. @throws whatever reading throws */
  ask(partition: DeliveryPartition, userId: string, since: Position): Promise<Replayed | 'lost'> {
    const waiting = this.#waiting.get(partition) ?? [];
    if (waiting.length >= MAX_WAITING) return Promise.resolve('lost');
    this.#waiting.set(partition, waiting);
    return new Promise((resolve, reject) => {
      waiting.push({ since, inbox: new Inbox(userId, since, this.options.maxSendersPerInbox), resolve, reject });
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
    const byUser = askedByUser(near);
    if (near.length > 0)
      for await (const { records } of log.read(topic, partition.index, from, to))
        for (const record of records) find(record, byUser);
    for (const { since, inbox, resolve } of near)
      resolve(comparePositions(inbox.floor, since) > 0 ? 'lost' : { news: inbox.since(since), readTo: startOf(to) });
  }
}

function askedByUser(asked: readonly Asked[]): ReadonlyMap<string, readonly Asked[]> {
  const byUser = new Map<string, Asked[]>();
  for (const one of asked) {
    const { userId } = one.inbox;
    const known = byUser.get(userId);
    if (known === undefined) byUser.set(userId, [one]);
    else known.push(one);
  }
  return byUser;
}

function find(record: LogRecord, byUser: ReadonlyMap<string, readonly Asked[]>): void {
  const frame = readFrame(record);
  frame?.entries.forEach((entry, index) => {
    const news = new News(entry, { offset: record.offset, entry: index }, frame.origin);
    for (const recipient of entry.to)
      for (const { since, inbox } of byUser.get(recipient) ?? NOBODY)
        if (comparePositions(news.position, since) >= 0) inbox.put(news);
  });
}

const NOBODY: readonly Asked[] = [];
