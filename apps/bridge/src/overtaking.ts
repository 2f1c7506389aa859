// Transactions that come after newer ones, and which of their words the log has newer ones of. Homeservers hand over in order, but for
// this: what Synapse had begun to hand over when it was killed it keeps, and sends when a later transaction fails, perhaps days after.
// Its ids tell, since it counts them up. Invariant: of a transaction that comes in its order nothing is looked up and nothing passed
// by; of a late one only a word that an event of an earlier time says than one that the log has. Where that cannot be found out, every
// word is taken.
import { asOf } from '#libs/contracts';
import { LogUnavailableError, type Clock, type EventLog } from '#libs/event-log';
import type { Journal } from '#libs/runtime';

export interface TimedWord {
  readonly key: string;
  /** Of the event, milliseconds since the Unix epoch; undefined = it says none, and is never passed by. */
  readonly atMs: number | undefined;
}

export interface OvertakingOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  /** Under which the largest id is kept, as metadata of a position in `topic`. */
  readonly group: string;
  readonly topic: string;
  readonly journal: Pick<Journal, 'warn'>;
}

/** Between two commits of ids whose transactions said nothing that could be overtaken, and between two that fail. */
const KEEP_EVERY_MS = 5_000;
/** Ids of other homeservers are no numbers, or numbers of another kind: theirs are never late. */
const COUNTED = /^[1-9]\d{0,14}$/;
/**
 * So many in a row that count up below the largest are no late ones: the homeserver counts anew (Synapse on SQLite whenever it starts,
 * any of them from a backup). What is kept of a kill is one transaction or two.
 */
const ANEW = 10;
/** How long the first transaction waits until it is known what an earlier process has kept. */
const KNOWN_WITHIN_MS = 1_000;

export class Overtaking {
  #largest = 0;
  /** The last that was smaller than the largest, and how many of them there were in a row, each larger than the one before. */
  #late = 0;
  #inARow = 0;
  /** What is kept; undefined = not read yet. */
  #kept: number | undefined;
  #knowing: Promise<void> | undefined;
  #keeping: Promise<void> | undefined;
  #keepAtMs = -Infinity;
  #isWarned = false;

  constructor(private readonly options: OvertakingOptions) {}

  async isLate(id: string): Promise<boolean> {
    if (!COUNTED.test(id)) return false;
    if (this.#kept === undefined) await this.#known();
    return Number(id) < this.#largest;
  }

  /** Of a late transaction: the words for `topic` that were not overtaken. */
  async remaining<T extends TimedWord>(topic: string, words: readonly T[]): Promise<readonly T[]> {
    try {
      const newest = await this.#newest(topic, words);
      return words.filter(({ key, atMs = Infinity }) => atMs >= (newest.get(key) ?? -Infinity));
    } catch (error) {
      if (error instanceof LogUnavailableError) throw error;
      this.options.journal.warn(`${topic} cannot be read: what a late transaction says is taken as it is`, { error });
      return words;
    }
  }

  /** All that it says is durable. `hasWords`: of memberships or join rules. What cannot be kept now is kept with a later one. */
  taken(id: string, hasWords: boolean): void {
    if (!COUNTED.test(id)) return;
    this.#count(Number(id));
    if (hasWords && !this.#isWarned) this.#keepAtMs = -Infinity;
    this.#keep();
  }

  #count(id: number): void {
    if (id >= this.#largest) {
      this.#largest = id;
      this.#inARow = 0;
      return;
    }
    this.#inARow = id > this.#late ? this.#inARow + 1 : 1;
    this.#late = id;
    if (this.#inARow < ANEW) return;
    this.#largest = id;
    this.#inARow = 0;
    this.#keepAtMs = -Infinity;
  }

  /** By key: the latest time of which the log has a word, since the oldest of these. */
  async #newest(topic: string, words: readonly TimedWord[]): Promise<ReadonlyMap<string, number>> {
    const { log } = this.options;
    const newest = new Map<string, number>(words.map(({ key }) => [key, -Infinity]));
    const oldestMs = Math.min(...words.map(({ atMs = Infinity }) => atMs));
    if (oldestMs === Infinity) return newest;
    const [starts, ends] = await Promise.all([log.offsetsAt(topic, oldestMs), log.ends(topic)]);
    const partitions = new Set([...newest.keys()].map((key) => log.partitionOf(key, ends.length)));
    const reading = [...partitions].map(async (partition) => {
      const [start = 0, end = 0] = [starts[partition], ends[partition]];
      if (start >= end) return;
      for await (const { records } of log.read(topic, partition, start, end)) {
        for (const record of records) {
          const key = record.key === null ? '' : textOf(record.key);
          const soFar = newest.get(key);
          if (soFar !== undefined) newest.set(key, Math.max(soFar, asOf(record)));
        }
      }
    });
    await Promise.all(reading);
    return newest;
  }

  /** Waits once, and not long: whoever may not read the group, or finds nobody who answers, goes on without. */
  async #known(): Promise<void> {
    const { clock } = this.options;
    const isFirst = this.#knowing === undefined;
    this.#knowing ??= this.#read().finally(() => (this.#knowing = undefined));
    if (!isFirst || this.#isWarned) return;
    let cancel = (): void => undefined;
    const waited = new Promise<void>((resolve) => {
      cancel = clock.wakeAt(clock.nowMs() + KNOWN_WITHIN_MS, resolve);
    });
    await Promise.race([this.#knowing, waited]);
    cancel();
  }

  async #read(): Promise<void> {
    const { log, group, topic } = this.options;
    try {
      const text = (await log.committed(group, topic)).get(0)?.metadata ?? '';
      this.#kept = COUNTED.test(text) ? Number(text) : 0;
      this.#largest = Math.max(this.#largest, this.#kept);
      this.#isWarned = false;
    } catch (error) {
      this.#warn('read', error);
    }
  }

  /** One after the other, and nobody waits for it: a transaction is worth more than its place. */
  #keep(): void {
    const { clock } = this.options;
    if (this.#kept === undefined || this.#keeping !== undefined) return;
    if (this.#largest === this.#kept || clock.nowMs() < this.#keepAtMs) return;
    this.#keepAtMs = clock.nowMs() + KEEP_EVERY_MS;
    this.#keeping = this.#commit(this.#largest).finally(() => {
      this.#keeping = undefined;
      this.#keep();
    });
  }

  async #commit(largest: number): Promise<void> {
    const { log, group, topic } = this.options;
    try {
      const [offset = 0] = await log.ends(topic);
      await log.commit(group, [{ topic, partition: 0, offset, metadata: String(largest) }]);
      this.#kept = largest;
      this.#isWarned = false;
    } catch (error) {
      this.#warn('kept', error);
    }
  }

  /** Once until it works again. */
  #warn(what: 'read' | 'kept', error: unknown): void {
    const { group, journal } = this.options;
    if (!this.#isWarned)
      journal.warn(`the id of the last transaction cannot be ${what} in group ${group}; tried again`, { error });
    this.#isWarned = true;
  }
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('utf8');
}
