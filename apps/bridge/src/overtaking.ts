// Which events come so late that the log has a newer word of the same pair or room. Homeservers hand over in order, but for this:
// what Synapse had begun to hand over when it was killed it keeps, and sends when a later transaction has failed, perhaps days after
// newer ones. Invariant: an event is passed by only for a word that is newer by more than what may be one moment; events in their
// order are looked up nowhere, and of a backlog every record of the log is read once.
import { asOf } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';

export interface TimedWord {
  readonly key: string;
  /** Of the event, milliseconds since the Unix epoch; undefined = not known by a clock that can be compared: never late. */
  readonly sentMs: number | undefined;
}

/** A homeserver may store what happens in one moment in another order than that in which it began. */
const MOMENT_MS = 2_000;
/** The latest of each partition, some 150 bytes each. */
const MAX_WORDS = 200_000;

/** What a topic says, from a time on. */
interface Tail {
  readonly fromMs: number;
  /** Next offset to be read, by partition. */
  readonly positions: number[];
  /** By partition, by key: of which time its newest word is. */
  readonly words: readonly Map<string, number>[];
}

export class Overtaking {
  readonly #tails = new Map<string, Tail>();
  #newestMs: number;

  /** `startedMs`: older events may have come before. */
  constructor(
    private readonly log: EventLog,
    startedMs: number,
    private readonly maxWords = MAX_WORDS,
  ) {
    this.#newestMs = startedMs;
  }

  /** The events of one transaction that are to be written to `topic`, without those that were overtaken. */
  async remaining<T extends TimedWord>(topic: string, events: readonly T[]): Promise<readonly T[]> {
    const times = events.flatMap(({ sentMs }) => (sentMs === undefined ? [] : [sentMs]));
    const oldestMs = Math.min(...times);
    const isInOrder = oldestMs >= this.#newestMs - MOMENT_MS;
    if (isInOrder) {
      if (times.length > 0) this.#tails.delete(topic);
      return events;
    }
    const { words } = await this.#readTail(topic, oldestMs);
    const newestOf = (key: string): number => words[this.log.partitionOf(key, words.length)]?.get(key) ?? -Infinity;
    return events.filter(({ key, sentMs }) => sentMs === undefined || newestOf(key) <= sentMs + MOMENT_MS);
  }

  /** They are durable, or were passed by. */
  taken(events: readonly TimedWord[]): void {
    for (const { sentMs = -Infinity } of events) this.#newestMs = Math.max(this.#newestMs, sentMs);
  }

  async #readTail(topic: string, fromMs: number): Promise<Tail> {
    let tail = this.#tails.get(topic);
    if (tail === undefined || fromMs < tail.fromMs) {
      const positions = [...(await this.log.offsetsAt(topic, fromMs))];
      tail = { fromMs, positions, words: positions.map(() => new Map()) };
      this.#tails.set(topic, tail);
    }
    const maxWords = Math.ceil(this.maxWords / tail.words.length);
    const ends = await this.log.ends(topic);
    for (const [partition, words] of tail.words.entries()) {
      const [from = 0, end = 0] = [tail.positions[partition], ends[partition]];
      if (from >= end) continue;
      for await (const { records, nextOffset } of this.log.read(topic, partition, from, end)) {
        for (const record of records)
          if (record.key !== null) this.#remember(words, textOf(record.key), asOf(record), maxWords);
        tail.positions[partition] = nextOffset;
      }
      tail.positions[partition] = end;
    }
    return tail;
  }

  #remember(words: Map<string, number>, key: string, timeMs: number, maxWords: number): void {
    const soFar = words.get(key) ?? timeMs;
    words.delete(key);
    words.set(key, Math.max(soFar, timeMs));
    if (words.size <= maxWords) return;
    const oldest = words.keys().next();
    if (oldest.done !== true) words.delete(oldest.value);
  }
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('utf8');
}
