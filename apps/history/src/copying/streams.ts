// Copies a topic record by record: changes, memberships, rooms. Invariants: of one key the order stays; between partitions the
// order is that of the records' times, as near as they are in order; what was copied before is not copied again, since each
// record carries where it comes from.
import { COPIED_FROM, copiedFrom, writtenCopiedFrom } from '#libs/contracts';
import type { EventLog, LogRecord } from '#libs/event-log';
import { Failure } from '../failure.js';
import type { CopyWriter } from './copy-writer.js';

export interface StreamOrder {
  readonly from: { readonly log: EventLog; readonly topic: string; readonly ends: readonly number[] };
  readonly to: { readonly log: EventLog; readonly topic: string; readonly partitions: number };
  readonly writer: CopyWriter;
}

/** Resolves to how many records were skipped, because a compacted topic cannot take records without a key. */
export async function copyStream({ from, to, writer }: StreamOrder): Promise<number> {
  const next = await nextOffsets(to.log, to.topic, from.ends.length);
  let skipped = 0;
  for await (const { partition, record } of inOrderOfTime(from, next)) {
    const { key, value, headers, timestampMs, offset } = record;
    if (key === null) {
      skipped += 1;
      continue;
    }
    await writer.add(to.topic, {
      key,
      value,
      headers: { ...headers, [COPIED_FROM]: writtenCopiedFrom({ partition, offset }) },
      partition: to.log.partitionOf(key, to.partitions),
      timestampMs,
    });
  }
  await writer.flush();
  return skipped;
}

/** Where each partition goes on, from what is there already; refuses records that no copy wrote. */
async function nextOffsets(log: EventLog, topic: string, partitions: number): Promise<number[]> {
  const next = Array.from({ length: partitions }, () => 0);
  for (const [partition, end] of (await log.ends(topic)).entries()) {
    for await (const { records } of log.read(topic, partition, 0, end)) {
      for (const { headers, offset } of records) {
        const from = copiedFrom(headers);
        if (from === undefined || from.partition >= partitions) {
          throw new Failure(`${topic}-${partition} offset ${offset} was not written by this copy: choose another --to`);
        }
        next[from.partition] = Math.max(next[from.partition]!, from.offset + 1);
      }
    }
  }
  return next;
}

interface Placed {
  readonly partition: number;
  readonly record: LogRecord;
}

/** One partition being read: its next record, and those behind it that are at hand. */
class Head {
  #records: readonly LogRecord[] = [];
  #at = 0;
  record: LogRecord | undefined;

  constructor(
    readonly partition: number,
    private readonly batches: AsyncIterator<{ readonly records: readonly LogRecord[] }>,
  ) {}

  /** true = the next one was at hand. */
  step(): boolean {
    this.record = this.#records[this.#at];
    this.#at += 1;
    return this.record !== undefined;
  }

  async load(): Promise<void> {
    while (!this.step()) {
      const next = await this.batches.next();
      if (next.done === true) return;
      this.#records = next.value.records;
      this.#at = 0;
    }
  }
}

async function* inOrderOfTime(
  { log, topic, ends }: StreamOrder['from'],
  next: readonly number[],
): AsyncGenerator<Placed> {
  const heads = ends.map(
    (end, partition) => new Head(partition, log.read(topic, partition, next[partition]!, end)[Symbol.asyncIterator]()),
  );
  await Promise.all(heads.map((head) => head.load()));
  for (;;) {
    let earliest: Head | undefined;
    for (const head of heads) {
      if (head.record === undefined) continue;
      if (earliest === undefined || head.record.timestampMs < earliest.record!.timestampMs) earliest = head;
    }
    if (earliest === undefined) return;
    yield { partition: earliest.partition, record: earliest.record! };
    if (!earliest.step()) await earliest.load();
  }
}
