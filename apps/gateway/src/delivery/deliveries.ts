// The deliveries topic as this gateway follows it: every partition, each frame applied once to the view and to the memory of what
// was delivered, and whoever waits is woken. Invariant: a token at or after what memory holds is served from memory; an older
// one from the log, within a bound; what neither holds is `lost`, and the caller falls back.
import { LogUnavailableError, type Clock, type EventLog, type RecordBatch } from '#libs/event-log';
import type { Interner } from '#libs/interest';
import { DeliveryPartition, type Reached } from './delivery-partition.js';
import type { FrameOrigin } from './frame-origin.js';
import { FrameReader, type NumberedEntry } from './frame-records.js';
import { LatestNews } from './latest-news.js';
import type { News } from './news.js';
import { comparePositions, startOf, type Position, type Stamp } from './position.js';
import { RecentDeliveries, type RecentBounds } from './recent-deliveries.js';
import { Replays, type Replayed } from './replays.js';

export interface DeliveriesBounds extends RecentBounds {
  readonly maxReplayFrames: number;
}

export interface DeliveriesOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly topic: string;
  readonly partitions: number;
  readonly bounds: DeliveriesBounds;
  /** Everybody's numbers. */
  readonly users: Interner;
  /** Raises the view of states to an entry. */
  readonly raise: (entry: NumberedEntry) => void;
  /** The views have read what a frame was made from. */
  readonly isReached: (origin: FrameOrigin) => boolean;
}

/** Somebody to whom deliveries are made. */
export interface Recipient {
  readonly userId: string;
  readonly number: number;
  readonly partition: DeliveryPartition;
}

/** What was new, and up to where that was so. */
export interface Found {
  readonly news: readonly News[];
  readonly end: Reached;
}

/** `ahead`: this gateway has not applied that place yet. */
export type Followed = Found | 'ahead' | 'lost';

const RECENT_FRAMES_AT_START = 2_000;
const SWEEP_MS = 30_000;
const NOTHING: readonly News[] = [];

/** Most wait alone. */
type Listeners = (() => void) | Set<() => void>;

export class Deliveries {
  brokenFrames = 0;
  #partitions: DeliveryPartition[] = [];
  #recent: RecentDeliveries;
  readonly #replays: Replays;
  readonly #frames: FrameReader;
  /** By the user's number: whoever waits for what is told to them. */
  readonly #listeners = new Map<number, Listeners>();
  #sweptAtMs = 0;

  constructor(private readonly options: DeliveriesOptions) {
    const { log, topic, bounds, users } = options;
    this.#recent = new RecentDeliveries([], users, bounds);
    this.#frames = new FrameReader(users);
    this.#replays = new Replays({
      log,
      topic,
      users,
      maxFrames: bounds.maxReplayFrames,
      maxSenders: bounds.maxSendersAtOnce,
      floor: (partition) => this.#recent.floor(partition),
      end: (partition) => this.#partitions[partition]?.end.position ?? startOf(0),
    });
  }

  /** Where the tail begins: a little before the ends, so that clients of another gateway find their recent past here. */
  async begin(): Promise<readonly number[]> {
    const { log, topic, clock, users, bounds } = this.options;
    const [starts, ends] = await Promise.all([log.starts(topic), log.ends(topic)]);
    const from = ends.map((end, partition) => Math.max(starts[partition] ?? 0, end - RECENT_FRAMES_AT_START));
    const startedAtMs = clock.nowMs();
    this.#partitions = from.map((startOffset, index) => new DeliveryPartition(index, startOffset, startedAtMs));
    this.#recent = new RecentDeliveries(from.map(startOf), users, bounds);
    return from;
  }

  partitionOf(userId: string): DeliveryPartition {
    const index = this.options.log.partitionOf(userId, this.options.partitions);
    const partition = this.#partitions[index];
    if (partition === undefined) throw new Error('deliveries are asked for before they have begun');
    return partition;
  }

  recipient(userId: string): Recipient {
    return { userId, number: this.options.users.intern(userId), partition: this.partitionOf(userId) };
  }

  get positions(): readonly number[] {
    return this.#partitions.map((partition) => partition.end.position.offset);
  }

  take(batch: RecordBatch): void {
    const partition = this.#partitions[batch.partition];
    if (partition === undefined)
      throw new Error(`${batch.topic} has more partitions than configured: ${String(batch.partition + 1)} at least`);
    const awaited = new Set<number>();
    for (const record of batch.records) {
      const frame = this.#frames.read(record);
      if (frame === undefined) {
        this.brokenFrames += 1;
        continue;
      }
      const { entries, origin, toldAtMs } = frame;
      for (const [index, entry] of entries.entries()) {
        this.options.raise(entry);
        const position = { offset: record.offset, entry: index };
        this.#recent.add({ partition: batch.partition, entry, position, origin, toldAtMs }, awaited);
      }
      partition.passFrame(record.offset, frame, this.options.isReached);
    }
    partition.finish(batch.nextOffset);
    for (const user of awaited) this.#wake(user);
    this.#sweep();
  }

  /** Memberships or rooms moved on. */
  recheck(): void {
    for (const partition of this.#partitions) partition.recheck(this.options.isReached);
  }

  /** What a recipient was told since then, or why it cannot be read. */
  follow(recipient: Recipient, since: Position): Followed | Promise<Followed> {
    const { partition } = recipient;
    if (comparePositions(since, partition.end.position) > 0) return this.#aheadOrLost(partition, since);
    const found = this.read(recipient, since);
    if (found !== undefined) return found;
    // Memory holds all of it, and it is too much: the log would give the same.
    if (comparePositions(since, this.#recent.floor(partition.index)) >= 0) return 'lost';
    return this.#replay(recipient, since);
  }

  /** What a recipient was told from a place on, of each sender the latest, oldest first. `undefined`: it has to be followed anew. */
  read(recipient: Recipient, since: Position): Found | undefined {
    const { number, partition } = recipient;
    const { index, end } = partition;
    if (comparePositions(since, end.position) >= 0) return { news: NOTHING, end };
    if (comparePositions(since, this.#recent.floor(index)) < 0) {
      const replayed = this.#replays.kept(number, index, since);
      return replayed && this.#join(recipient, since, replayed);
    }
    const news = this.#recent.since(number, index, since);
    return news && { news, end };
  }

  /** Takes out of `stamps`, by the sender's number, those of which a recipient was told as new since a time. */
  takeTold({ number, partition }: Recipient, sinceMs: number, stamps: Map<number, Stamp>): void {
    this.#recent.takeTold(number, partition.index, sinceMs, stamps);
  }

  /** Calls whenever this recipient may have been told something; what is returned ends that. */
  listen({ number }: Recipient, listener: () => void): () => void {
    const others = this.#listeners.get(number);
    if (others === undefined) this.#recent.await(number);
    if (others instanceof Set) others.add(listener);
    else this.#listeners.set(number, others === undefined ? listener : new Set([others, listener]));
    return () => {
      const listeners = this.#listeners.get(number);
      if (listeners instanceof Set ? !listeners.delete(listener) || listeners.size > 0 : listeners !== listener) return;
      this.#listeners.delete(number);
      this.#recent.letGo(number);
    };
  }

  /** Whoever waits for this user looks again. */
  poke(userId: string): void {
    const user = this.options.users.find(userId);
    if (user !== undefined) this.#wake(user);
  }

  #wake(user: number): void {
    const listeners = this.#listeners.get(user);
    if (listeners instanceof Set) for (const listener of listeners) listener();
    else listeners?.();
  }

  /** What was read from the log, and what memory holds from there on. */
  #join({ number, partition }: Recipient, since: Position, { news, readTo }: Replayed): Found | undefined {
    const { index, end } = partition;
    const later = this.#recent.since(number, index, readTo);
    if (later === undefined) return undefined;
    const latest = new LatestNews();
    for (const one of news) latest.put(one);
    for (const one of later) latest.put(one);
    const asked = latest.since(since);
    return asked.length > this.options.bounds.maxSendersAtOnce ? undefined : { news: asked, end };
  }

  /** A place beyond the log's own end never existed here. While the log cannot be asked, it may yet be reached. */
  async #aheadOrLost(partition: DeliveryPartition, since: Position): Promise<Followed> {
    try {
      const ends = await this.options.log.ends(this.options.topic);
      return since.offset > (ends[partition.index] ?? 0) ? 'lost' : 'ahead';
    } catch (error) {
      if (error instanceof LogUnavailableError) return 'ahead';
      throw error;
    }
  }

  async #replay(recipient: Recipient, since: Position): Promise<Followed> {
    try {
      const replayed = await this.#replays.ask(recipient.number, recipient.partition.index, since);
      // Memory that moved on meanwhile past what was read leaves a gap: `lost`, rather than reading after it for ever.
      return replayed === 'lost' ? 'lost' : (this.#join(recipient, since, replayed) ?? 'lost');
    } catch (error) {
      // The log is away: the views still hold the last known state, and the fallback tells it.
      if (error instanceof LogUnavailableError) return 'lost';
      throw error;
    }
  }

  #sweep(): void {
    const nowMs = this.options.clock.nowMs();
    if (nowMs - this.#sweptAtMs < SWEEP_MS) return;
    this.#sweptAtMs = nowMs;
    this.#replays.sweep();
  }
}
