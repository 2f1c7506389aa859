// Writes a copy in whole transactions, a few thousand records each. Invariant: of two copies into one place the older is fenced
// and writes nothing more; what was written by one that died in the middle of a transaction is not there.
import type { NewRecord, Transactor } from '#libs/event-log';
import { Failure } from '../failure.js';

const RECORDS = 4_000;
const BYTES = 2 * 1024 * 1024;
/** What a record costs besides its key and value, bytes. */
const RECORD_BYTES = 64;

export class CopyWriter {
  readonly #waiting = new Map<string, NewRecord[]>();
  #records = 0;
  #bytes = 0;
  /** Records that are there. */
  written = 0;

  constructor(
    private readonly transactor: Transactor,
    private readonly ending: AbortSignal,
    private readonly onWritten: (records: number) => void,
  ) {}

  async add(topic: string, record: NewRecord): Promise<void> {
    const of = this.#waiting.get(topic);
    if (of === undefined) this.#waiting.set(topic, [record]);
    else of.push(record);
    this.#records += 1;
    this.#bytes += RECORD_BYTES + (record.key?.length ?? 0) + (record.value?.length ?? 0);
    if (this.#records >= RECORDS || this.#bytes >= BYTES) await this.flush();
  }

  /** Commits what waits; the safe point at which a signal ends the copy. */
  async flush(): Promise<void> {
    if (this.ending.aborted) throw new Failure('Stopped. The same command goes on where this one stopped.');
    if (this.#records === 0) return;
    const appends = [...this.#waiting].map(([topic, records]) => ({ topic, records }));
    await this.transactor.transact({ appends });
    this.written += this.#records;
    this.#waiting.clear();
    this.#records = 0;
    this.#bytes = 0;
    this.onWritten(this.written);
  }
}
