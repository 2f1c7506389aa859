// One partition of the in-memory log. Invariant: offsets only grow, times never fall where the log stamps them, and
// compaction or retention never touches the end. Cleaning is eager, as harsh as Kafka's could ever be, so that readers
// meet gaps often. It stands apart from the log so that storing and acknowledging do not mix.
import type { LogRecord, RecordBatch, TopicSpec } from './port.js';

export interface PartitionLimits {
  readonly batchRecords: number;
  /** Milliseconds for which a tombstone stays readable in a compacted topic. */
  readonly tombstoneLagMs: number;
}

export class MemoryPartition {
  /** Index = offset − base; undefined = compacted, aborted or control. */
  private slots: (LogRecord | undefined)[] = [];
  private base = 0;
  private startOffset = 0;
  private reachedMs = 0;
  private readonly latest = new Map<string, LogRecord>();
  /** Offsets to be cleaned, in the order in which they become due. */
  private readonly doomed: { readonly dueMs: number; readonly offset: number; readonly key: string | undefined }[] = [];

  constructor(
    private readonly name: { readonly topic: string; readonly partition: number },
    private readonly spec: TopicSpec,
    private readonly limits: PartitionLimits,
  ) {}

  get end(): number {
    return this.base + this.slots.length;
  }

  start(nowMs: number): number {
    this.clean(nowMs);
    return this.startOffset;
  }

  /** The first record that is not older than `timeMs`; the end if there is none. */
  offsetAt(timeMs: number, nowMs: number): number {
    this.clean(nowMs);
    const found = this.slots.findIndex((record) => record !== undefined && record.timestampMs >= timeMs);
    return found < 0 ? this.end : this.base + found;
  }

  append(
    record: Omit<LogRecord, 'offset' | 'timestampMs'>,
    stampMs: { nowMs: number; createdMs: number | undefined },
  ): LogRecord {
    let timestampMs = stampMs.createdMs ?? stampMs.nowMs;
    if (this.spec.timestamps === 'append') timestampMs = this.reachedMs = Math.max(stampMs.nowMs, this.reachedMs);
    const stored: LogRecord = { offset: this.end, timestampMs, ...record };
    this.slots.push(stored);
    if (this.spec.cleanup === 'compact') this.supersede(stored, stampMs.nowMs);
    return stored;
  }

  /** Offsets that hold nothing readable, as after an aborted transaction or a control record. */
  skip(offsets: number): void {
    for (let i = 0; i < offsets; i++) this.slots.push(undefined);
  }

  private supersede(record: LogRecord, nowMs: number): void {
    const key = Buffer.from(record.key ?? []).toString('latin1');
    const lagMs = this.spec.minCompactionLagMs ?? 0;
    const older = this.latest.get(key);
    if (older !== undefined) this.doom({ dueMs: nowMs + lagMs, offset: older.offset, key: undefined });
    this.latest.set(key, record);
    if (record.value === null)
      this.doom({ dueMs: nowMs + Math.max(lagMs, this.limits.tombstoneLagMs), offset: record.offset, key });
  }

  private doom(entry: { dueMs: number; offset: number; key: string | undefined }): void {
    let at = this.doomed.length;
    while (at > 0 && (this.doomed[at - 1]?.dueMs ?? 0) > entry.dueMs) at--;
    this.doomed.splice(at, 0, entry);
  }

  /** Applies compaction and retention that are due. */
  clean(nowMs: number): void {
    while ((this.doomed[0]?.dueMs ?? Infinity) <= nowMs) {
      const { offset, key } = this.doomed.shift() as (typeof this.doomed)[number];
      this.slots[offset - this.base] = undefined;
      if (key !== undefined && this.latest.get(key)?.offset === offset) this.latest.delete(key);
    }
    if (this.spec.cleanup === 'compact') this.trim();
    else if (this.spec.retentionMs !== undefined) this.retain(nowMs - this.spec.retentionMs);
  }

  /** Leading holes cost no memory; the log's start stays where it was, as on Kafka. */
  private trim(): void {
    let holes = 0;
    while (holes < this.slots.length && this.slots[holes] === undefined) holes++;
    if (holes < 1024) return;
    this.slots = this.slots.slice(holes);
    this.base += holes;
  }

  private retain(oldestMs: number): void {
    let expired = 0;
    while (expired < this.slots.length && (this.slots[expired]?.timestampMs ?? -Infinity) < oldestMs) expired++;
    if (expired === 0) return;
    this.slots = this.slots.slice(expired);
    this.base += expired;
    this.startOffset = this.base;
  }

  read(from: number, to: number): RecordBatch {
    const records: LogRecord[] = [];
    let at = Math.max(from, this.base);
    for (; at < to && records.length < this.limits.batchRecords; at++) {
      const record = this.slots[at - this.base];
      if (record !== undefined) records.push(record);
    }
    return { ...this.name, records, nextOffset: Math.max(Math.min(at, to), Math.min(this.base, to)) };
  }
}
