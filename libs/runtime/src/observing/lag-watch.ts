// How far behind the log each part of a process is, in records and in seconds. Invariant: looking costs one request a topic
// every few seconds and nothing a record; a log that is away keeps nobody waiting, and leaves the last figures standing.
// Seconds are how long ago the log already held what has not been taken yet, so no record's own time is needed.

import type { Clock, EventLog } from '#libs/event-log';
import { gauge, type Meters, type Metrics } from './metrics.js';

/** Where a part stands in a partition: the next offset to be taken. */
export interface PartPosition {
  readonly topic: string;
  readonly partition: number;
  readonly nextOffset: number;
}

export interface WatchedPart {
  /** Such as `aggregator`. */
  readonly part: string;
  readonly log: Pick<EventLog, 'ends'>;
  /** Of the partitions that are read here now. */
  readonly positions: () => Iterable<PartPosition>;
}

export const LAG_METERS = {
  records: gauge(
    'rollcall_lag_records',
    'Records of a partition that were there and not taken yet, at the last look.',
    ['part', 'topic', 'partition'],
  ),
  seconds: gauge(
    'rollcall_lag_seconds',
    'For how long the log has held what this part has not taken yet, at the last look; 0 = all is taken.',
    ['part'],
  ),
} as const;

const LOOK_MS = 5_000;
/** An hour of looks; a part that is further behind shows an hour. */
const MAX_LOOKS = 720;

interface Look {
  readonly askedMs: number;
  readonly ends: ReadonlyMap<string, readonly number[]>;
}

/** Injected by its class. */
export class LagWatch {
  readonly #meters: Meters<typeof LAG_METERS>;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #told = new Map<string, readonly PartPosition[]>();

  constructor(
    metrics: Metrics,
    private readonly clock: Pick<Clock, 'nowMs'>,
  ) {
    this.#meters = metrics.meters(LAG_METERS);
  }

  /** Looks now and then until `stop`; the returned function looks at once. */
  watch(part: WatchedPart): () => Promise<void> {
    const looks: Look[] = [];
    let isLooking = false;
    const look = async (): Promise<void> => {
      if (isLooking) return;
      isLooking = true;
      try {
        await this.#look(part, looks);
      } catch {
        // The log is away: those who need it say so.
      } finally {
        isLooking = false;
      }
    };
    const lookQuietly = (): void => {
      look().catch(() => {
        // Those who need the log say when it is away.
      });
    };
    this.#timers.push(setInterval(lookQuietly, LOOK_MS).unref());
    return look;
  }

  stop(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
  }

  async #look({ part, log, positions }: WatchedPart, looks: Look[]): Promise<void> {
    const askedMs = this.clock.nowMs();
    const topics = [...new Set([...positions()].map(({ topic }) => topic))];
    const ends = new Map(await Promise.all(topics.map(async (topic) => [topic, await log.ends(topic)] as const)));
    looks.push({ askedMs, ends });
    if (looks.length > MAX_LOOKS) looks.shift();
    const now = [...positions()];
    while (looks[0] !== undefined && now.every((position) => isReached(position, looks[0]))) looks.shift();
    this.#meters.seconds.set({ part }, looks[0] === undefined ? 0 : (this.clock.nowMs() - looks[0].askedMs) / 1_000);
    this.#tellRecords(part, now, ends);
  }

  #tellRecords(part: string, now: readonly PartPosition[], ends: Look['ends']): void {
    const { records } = this.#meters;
    // Partitions that others read now are theirs to tell.
    for (const { topic, partition } of this.#told.get(part) ?? []) records.remove(part, topic, String(partition));
    this.#told.set(part, now);
    for (const { topic, partition, nextOffset } of now) {
      const end = ends.get(topic)?.[partition];
      if (end !== undefined) records.set({ part, topic, partition }, Math.max(0, end - nextOffset));
    }
  }
}

function isReached({ topic, partition, nextOffset }: PartPosition, look: Look | undefined): boolean {
  return nextOffset >= (look?.ends.get(topic)?.[partition] ?? 0);
}
