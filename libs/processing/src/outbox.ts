// What one transaction will write, collected while its batch is folded. Invariant: the progress record is the last one
// of all, so that whoever sees it sees everything that it stands for.
import type { LogRecord, NewRecord, Transaction } from '#libs/event-log';
import type { Outbox } from './fold.js';

/** Longer values are cut when they are rejected: with its headers the record must fit where a record of 1 MiB does. */
const MAX_REJECTED_BYTES = 900_000;

/** A record that could not be decoded, and where it came from. */
export interface RejectedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly record: LogRecord;
  readonly reason: string;
}

export class BatchOutbox implements Outbox {
  /** Records written so far. */
  count = 0;
  /** Their size, approximately. */
  bytes = 0;
  readonly #byTopic = new Map<string, NewRecord[]>();

  constructor(private readonly partition: number) {}

  write(topic: string, key: string, value: string | null, headers?: Readonly<Record<string, string>>): void {
    this.#add(topic, { key, value, partition: this.partition, ...(headers === undefined ? {} : { headers }) });
    this.bytes += key.length + (value?.length ?? 0);
  }

  /** The original bytes; headers say where they stood and why they are here. */
  reject(to: string, { topic, partition, record, reason }: RejectedRecord): void {
    const { value } = record;
    const headers: Record<string, string> = {
      topic,
      partition: String(partition),
      offset: String(record.offset),
      reason,
    };
    if (value !== null && value.length > MAX_REJECTED_BYTES) headers['cut_from_bytes'] = String(value.length);
    this.#add(to, { key: record.key, value: value?.subarray(0, MAX_REJECTED_BYTES) ?? null, headers });
    this.bytes += value?.length ?? 0;
  }

  /** Everything as one transaction's appends; `progress` is written last, to the topic given. */
  seal(topic: string, progress: { readonly key: string; readonly value: string }): Transaction['appends'] {
    this.write(topic, progress.key, progress.value);
    const last = this.#byTopic.get(topic)!;
    this.#byTopic.delete(topic);
    return [...[...this.#byTopic].map(([name, records]) => ({ topic: name, records })), { topic, records: last }];
  }

  #add(topic: string, record: NewRecord): void {
    const records = this.#byTopic.get(topic);
    if (records === undefined) this.#byTopic.set(topic, [record]);
    else records.push(record);
    this.count += 1;
  }
}
