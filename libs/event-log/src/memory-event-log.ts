// The in-memory twin of the log: the whole port in one process, without durability. Invariant: it behaves as the other
// adapters do (the contract suite says so), and, being simpler, is the one to read first. Deterministic for a given clock.
import { randomUUID } from 'node:crypto';
import { FencedError, LogUnavailableError, TransactionError, UnknownTopicError } from './errors.js';
import { GroupCoordinator, type GroupFaults } from './group-coordinator.js';
import { GroupOffsets } from './group-offsets.js';
import { type LocalStore, readLocal } from './local-store.js';
import { LocalTails } from './local-tails.js';
import { MemoryPartition } from './memory-partition.js';
import { bytesOf, DEFAULT_MAX_RECORD_BYTES, Placement, requireFit } from './new-records.js';
import { partitionOf } from './partitioner.js';
import type {
  Appended,
  EventLog,
  GroupMember,
  GroupOffset,
  GroupOptions,
  NewRecord,
  RecordBatch,
  Tail,
  TailOptions,
  TopicDescription,
  TopicSpec,
  Transaction,
  Transactor,
} from './port.js';
import { requireShape } from './topic-shape.js';

export interface MemoryEventLogOptions {
  /** Milliseconds since the Unix epoch; default: the wall clock. */
  readonly now?: () => number;
  /** Transactions leave a control record's gap behind in every partition they touched, as on Kafka. */
  readonly controlRecords?: boolean;
  /** Records a batch at most (default 500). */
  readonly batchRecords?: number;
  /** Milliseconds for which tombstones stay readable (default a day). */
  readonly tombstoneLagMs?: number;
  readonly maxRecordBytes?: number;
}

interface MemoryTopic {
  readonly description: TopicDescription;
  readonly partitions: readonly MemoryPartition[];
}

export class MemoryEventLog implements EventLog {
  private readonly topics = new Map<string, MemoryTopic>();
  private readonly offsets = new GroupOffsets();
  private readonly epochs = new Map<string, number>();
  private readonly placement = new Placement();
  private readonly store: LocalStore;
  private readonly tails: LocalTails;
  private readonly groups: GroupCoordinator;
  private readonly now: () => number;
  private readonly maxRecordBytes: number;
  private closed = false;

  constructor(private readonly options: MemoryEventLogOptions = {}) {
    this.now = options.now ?? Date.now;
    this.maxRecordBytes = options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES;
    this.store = {
      partitions: (topic) => this.topic(topic).partitions.length,
      start: (topic, partition) => this.partition(topic, partition).start(this.now()),
      end: (topic, partition) => this.partition(topic, partition).end,
      readBatch: (topic, partition, from, to) => this.partition(topic, partition).read(from, to),
      nowMs: this.now,
    };
    this.tails = new LocalTails(this.store);
    this.groups = new GroupCoordinator(this.store);
  }

  /** Hooks for simulations: suspend, expire and wake members of groups. */
  get groupFaults(): GroupFaults {
    return this.groups.faults;
  }

  private topic(name: string): MemoryTopic {
    if (this.closed) throw new LogUnavailableError('The log is closed');
    const topic = this.topics.get(name);
    if (topic === undefined) throw new UnknownTopicError(`There is no topic ${name}`);
    return topic;
  }

  private partition(topic: string, partition: number): MemoryPartition {
    const found = this.topic(topic).partitions[partition];
    if (found === undefined) throw new RangeError(`${topic} has no partition ${partition}`);
    return found;
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<void> {
    for (const spec of specs) requireShape(spec, this.topics.get(spec.name)?.description);
    for (const spec of specs) {
      if (this.topics.has(spec.name)) continue;
      const limits = {
        batchRecords: this.options.batchRecords ?? 500,
        tombstoneLagMs: this.options.tombstoneLagMs ?? 86_400_000,
      };
      const partitions = Array.from(
        { length: spec.partitions },
        (_, partition) => new MemoryPartition({ topic: spec.name, partition }, spec, limits),
      );
      this.topics.set(spec.name, { description: { ...spec, id: randomUUID() }, partitions });
    }
  }

  async describeTopic(name: string): Promise<TopicDescription | undefined> {
    return this.topics.get(name)?.description;
  }

  async listTopics(): Promise<readonly string[]> {
    return [...this.topics.keys()].sort();
  }

  async topicIds(): Promise<ReadonlyMap<string, string>> {
    return new Map([...this.topics].map(([name, { description }]) => [name, description.id]));
  }

  async deleteTopic(name: string): Promise<void> {
    this.topic(name);
    this.topics.delete(name);
    this.offsets.forget(name);
    this.moved(name);
  }

  async starts(topic: string): Promise<readonly number[]> {
    return this.topic(topic).partitions.map((partition) => partition.start(this.now()));
  }

  async ends(topic: string): Promise<readonly number[]> {
    return this.topic(topic).partitions.map((partition) => partition.end);
  }

  async offsetsAt(topic: string, timeMs: number): Promise<readonly number[]> {
    return this.topic(topic).partitions.map((partition) => partition.offsetAt(timeMs, this.now()));
  }

  async append(topic: string, records: readonly NewRecord[]): Promise<readonly Appended[]> {
    this.requireFits(topic, records);
    const appended = this.write(topic, records);
    this.moved(topic);
    return appended;
  }

  private requireFits(topic: string, records: readonly NewRecord[]): void {
    const { description } = this.topic(topic);
    for (const record of records) requireFit(description, record, this.maxRecordBytes);
  }

  private write(topic: string, records: readonly NewRecord[]): Appended[] {
    const { partitions } = this.topic(topic);
    const nowMs = this.now();
    return records.map((record) => {
      const partition = this.placement.partition(record, partitions.length);
      const bytes = { key: bytesOf(record.key), value: bytesOf(record.value) };
      const content = record.headers === undefined ? bytes : { ...bytes, headers: { ...record.headers } };
      const target = partitions[partition] as MemoryPartition;
      const { offset, timestampMs } = target.append(content, { nowMs, createdMs: record.timestampMs });
      return { partition, offset, timestampMs };
    });
  }

  private moved(topic: string): void {
    for (const partition of this.topics.get(topic)?.partitions ?? []) partition.clean(this.now());
    this.tails.moved(topic);
    this.groups.moved(topic);
  }

  read(topic: string, partition: number, from: number, to: number): AsyncIterable<RecordBatch> {
    return readLocal(this.store, topic, partition, { from, to });
  }

  async tail(options: TailOptions): Promise<Tail> {
    return this.tails.open(options);
  }

  async join(options: GroupOptions): Promise<GroupMember> {
    return this.groups.join(options);
  }

  async transactor(transactionalId: string): Promise<Transactor> {
    if (this.closed) throw new LogUnavailableError('The log is closed');
    const epoch = (this.epochs.get(transactionalId) ?? 0) + 1;
    this.epochs.set(transactionalId, epoch);
    let usable = true;
    return {
      transact: async (transaction) => {
        if (!usable)
          throw new TransactionError(`The transactor ${transactionalId} is unusable after its error or close`);
        try {
          if (this.epochs.get(transactionalId) !== epoch)
            throw new FencedError(`A newer transactor ${transactionalId} exists`);
          this.transact(transaction);
        } catch (error) {
          usable = false;
          throw error;
        }
      },
      close: async () => {
        usable = false;
      },
    };
  }

  private transact({ appends, offsets }: Transaction): void {
    for (const { topic, records } of appends) this.requireFits(topic, records);
    const touched = new Set<MemoryPartition>();
    for (const { topic, records } of appends) {
      for (const { partition } of this.write(topic, records)) touched.add(this.partition(topic, partition));
    }
    if (this.options.controlRecords === true) for (const partition of touched) partition.skip(1);
    if (offsets !== undefined) this.offsets.set(offsets.group, offsets.positions);
    for (const { topic } of appends) this.moved(topic);
  }

  /** What an aborted transaction of so many records leaves behind on Kafka: offsets without anything to read. */
  leaveAborted(topic: string, partition: number, records: number): void {
    this.partition(topic, partition).skip(records + 1);
    this.moved(topic);
  }

  async commit(group: string, positions: readonly GroupOffset[]): Promise<void> {
    for (const { topic, partition } of positions) this.partition(topic, partition);
    this.offsets.set(group, positions);
  }

  async committed(group: string, topic: string): Promise<ReadonlyMap<number, GroupOffset>> {
    this.topic(topic);
    return this.offsets.get(group, topic);
  }

  async memberCount(group: string): Promise<number> {
    return this.groups.memberCount(group);
  }

  clockDifferenceMs(): number {
    return 0;
  }

  partitionOf(key: string | Uint8Array, partitions: number): number {
    return partitionOf(key, partitions);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    await Promise.all([this.tails.close(), this.groups.close()]);
    this.closed = true;
  }
}
