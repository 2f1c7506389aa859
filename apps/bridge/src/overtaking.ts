// Transactions that come after newer ones, and which of their words the log has newer ones of. Homeservers hand over in order, but for
// this: what Synapse had begun to hand over when it was killed it keeps, and sends when a later transaction fails, perhaps days after.
// Its ids tell, since it counts them up. Invariant: of a transaction that comes in its order nothing is looked up and nothing passed
// by; of a late one only a word that an event of an earlier time says than the last that the log has.
import { asOf } from '#libs/contracts';
import type { Clock, EventLog } from '#libs/event-log';
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

/** Between two commits of ids whose transactions said nothing that could be overtaken. */
const KEEP_EVERY_MS = 5_000;
/** Ids of other homeservers are no numbers, or numbers of another kind: theirs are never late. */
const COUNTED = /^[1-9]\d{0,14}$/;

export class Overtaking {
  /** undefined = what an earlier process has kept is not read yet. */
  #largest: number | undefined;
  #kept = 0;
  #keepAtMs = -Infinity;

  constructor(private readonly options: OvertakingOptions) {}

  async isLate(id: string): Promise<boolean> {
    if (!COUNTED.test(id)) return false;
    await this.#know();
    return !beginsAnew(id) && Number(id) < (this.#largest ?? 0);
  }

  /** Of a late transaction: the words for `topic` that were not overtaken. */
  async remaining<T extends TimedWord>(topic: string, words: readonly T[]): Promise<readonly T[]> {
    const { log } = this.options;
    const oldestMs = Math.min(...words.map(({ atMs = Infinity }) => atMs));
    if (oldestMs === Infinity) return words;
    const [starts, ends] = await Promise.all([log.offsetsAt(topic, oldestMs), log.ends(topic)]);
    const last = new Map<string, number>(words.map(({ key }) => [key, -Infinity]));
    const partitions = new Set([...last.keys()].map((key) => log.partitionOf(key, ends.length)));
    const reading = [...partitions].map(async (partition) => {
      const [start = 0, end = 0] = [starts[partition], ends[partition]];
      if (start >= end) return;
      for await (const { records } of log.read(topic, partition, start, end)) {
        for (const record of records) {
          const key = record.key === null ? '' : textOf(record.key);
          if (last.has(key)) last.set(key, asOf(record));
        }
      }
    });
    await Promise.all(reading);
    return words.filter(({ key, atMs = Infinity }) => atMs >= (last.get(key) ?? -Infinity));
  }

  /** All that it says is durable. `hasWords`: of memberships or join rules. A position that cannot be kept now is kept with the next. */
  async taken(id: string, hasWords: boolean): Promise<void> {
    if (!COUNTED.test(id) || this.#largest === undefined) return;
    const { log, clock, group, topic, journal } = this.options;
    const largest = beginsAnew(id) ? 1 : Math.max(this.#largest, Number(id));
    this.#largest = largest;
    const isDue = hasWords || beginsAnew(id) || clock.nowMs() >= this.#keepAtMs;
    if (!isDue || largest === this.#kept) return;
    try {
      const [offset = 0] = await log.ends(topic);
      await log.commit(group, [{ topic, partition: 0, offset, metadata: String(largest) }]);
      this.#kept = largest;
      this.#keepAtMs = clock.nowMs() + KEEP_EVERY_MS;
    } catch (error) {
      journal.warn(`the id of the last transaction could not be kept in group ${group}; tried again`, { error });
    }
  }

  /** Whoever may not read the group goes on without: a transaction is worth more than its place. */
  async #know(): Promise<void> {
    if (this.#largest !== undefined) return;
    const { log, group, topic, journal } = this.options;
    try {
      const text = (await log.committed(group, topic)).get(0)?.metadata ?? '';
      this.#largest = this.#kept = COUNTED.test(text) ? Number(text) : 0;
    } catch (error) {
      journal.warn(`the id of the last transaction could not be read in group ${group}; tried again`, { error });
    }
  }
}

/** Synapse on SQLite does whenever it starts and has nothing left to send. */
function beginsAnew(id: string): boolean {
  return id === '1';
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('utf8');
}
