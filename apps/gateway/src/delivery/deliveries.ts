// The deliveries topic as this gateway follows it: every partition, each frame applied once to the view and to the inboxes of
// those who are connected. Invariant: a token at or after what memory holds is served from memory; an older one from the log,
// within a bound; what neither holds is `lost`, and the caller falls back.
import { LogUnavailableError, type Clock, type EventLog, type RecordBatch } from '#libs/event-log';
import type { Interner } from '#libs/interest';
import { DeliveryPartition, type Replayed } from './delivery-partition.js';
import type { FrameOrigin } from './frame-origin.js';
import { FrameReader, type NumberedEntry } from './frame-records.js';
import type { Inbox } from './inbox.js';
import { KeptNews } from './kept-news.js';
import { comparePositions, type Position } from './position.js';
import { Replays } from './replays.js';

export interface DeliveriesBounds {
  readonly maxSendersPerInbox: number;
  readonly maxKeptNews: number;
  readonly maxRecentRecipients: number;
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

/** `ahead`: this gateway has not applied that place yet. */
export type Followed = Inbox | 'ahead' | 'lost';

const RECENT_FRAMES_AT_START = 2_000;
const IDLE_INBOX_MS = 90_000;
/** Memory that reaches back so far serves whoever comes back. */
const EXPECTED_BACK_MS = 60_000;
const COUNTED_FOR_MS = 10_000;
const FEW_COME = 300;
const SWEEP_MS = 30_000;

export class Deliveries {
  brokenFrames = 0;
  #partitions: DeliveryPartition[] = [];
  #sweptAtMs = 0;
  #countedFromMs = -Infinity;
  #came = 0;
  readonly #replays: Replays;
  readonly #frames: FrameReader;

  constructor(private readonly options: DeliveriesOptions) {
    const { log, topic, bounds, users } = options;
    this.#frames = new FrameReader(users);
    const { maxReplayFrames: maxFrames, maxSendersPerInbox } = bounds;
    this.#replays = new Replays({ log, topic, users, maxFrames, maxSendersPerInbox });
  }

  /** Where the tail begins: a little before the ends, so that clients of another gateway find their recent past here. */
  async begin(): Promise<readonly number[]> {
    const { log, topic, clock, users } = this.options;
    const { maxSendersPerInbox: maxSenders, maxKeptNews, maxRecentRecipients } = this.options.bounds;
    const bounds = { inbox: { maxSenders, kept: new KeptNews(maxKeptNews) }, maxRecentRecipients };
    const [starts, ends] = await Promise.all([log.starts(topic), log.ends(topic)]);
    const from = ends.map((end, partition) => Math.max(starts[partition] ?? 0, end - RECENT_FRAMES_AT_START));
    const startedAtMs = clock.nowMs();
    this.#partitions = from.map(
      (startOffset, index) => new DeliveryPartition({ index, startOffset, startedAtMs, bounds, users }),
    );
    return from;
  }

  partitionOf(userId: string): DeliveryPartition {
    const index = this.options.log.partitionOf(userId, this.options.partitions);
    const partition = this.#partitions[index];
    if (partition === undefined) throw new Error('deliveries are asked for before they have begun');
    return partition;
  }

  get positions(): readonly number[] {
    return this.#partitions.map((partition) => partition.end.position.offset);
  }

  take(batch: RecordBatch): void {
    const partition = this.#partitions[batch.partition];
    if (partition === undefined)
      throw new Error(`${batch.topic} has more partitions than configured: ${String(batch.partition + 1)} at least`);
    for (const record of batch.records) {
      const frame = this.#frames.read(record);
      if (frame === undefined) {
        this.brokenFrames += 1;
        continue;
      }
      for (const entry of frame.entries) this.options.raise(entry);
      partition.applyFrame(record.offset, frame.entries, frame.origin, this.options.isReached);
    }
    partition.finish(batch.nextOffset);
    this.#sweep();
  }

  /** Memberships or rooms moved on. */
  recheck(): void {
    for (const partition of this.#partitions) partition.recheck(this.options.isReached);
  }

  follow(userId: string, since: Position): Followed | Promise<Followed> {
    const partition = this.partitionOf(userId);
    if (comparePositions(since, partition.end.position) > 0) return this.#aheadOrLost(partition, since);
    const inbox = this.#open(partition, userId, since);
    if (inbox !== undefined) return inbox;
    // Memory holds all of it, and an inbox does not: the log would give the same.
    if (comparePositions(since, partition.recent.floor) >= 0) return 'lost';
    return this.#replay(partition, userId, since);
  }

  /** Somebody was given this place just now and will come back with it: what is told meanwhile is kept for them, unless memory will hold it, as it does while few come. */
  expect(userId: string, position: Position): void {
    const partition = this.partitionOf(userId);
    const nowMs = this.options.clock.nowMs();
    if (nowMs - this.#countedFromMs > COUNTED_FOR_MS) [this.#countedFromMs, this.#came] = [nowMs, 0];
    this.#came += 1;
    const isStorm = this.#came > FEW_COME || !partition.recent.holdsSince(nowMs - EXPECTED_BACK_MS);
    if (isStorm) this.#open(partition, userId, position);
  }

  #open(partition: DeliveryPartition, userId: string, since: Position, replayed?: Replayed): Inbox | undefined {
    const inbox = partition.open(userId, since, replayed);
    // Nobody holds on to it yet.
    if (inbox !== undefined) inbox.usedAtMs = this.options.clock.nowMs();
    return inbox;
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

  async #replay(partition: DeliveryPartition, userId: string, since: Position): Promise<Followed> {
    try {
      const replayed = await this.#replays.ask(partition, userId, since);
      // Memory that moved on meanwhile past what was read leaves a gap: `lost`, rather than reading after it for ever.
      return replayed === 'lost' ? 'lost' : (this.#open(partition, userId, since, replayed) ?? 'lost');
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
    for (const partition of this.#partitions) partition.evictIdle(nowMs - IDLE_INBOX_MS);
  }
}
