// The port through which everything in Rollcall reads and writes its log: topics of partitions of records,
// appended in order and read in order. Invariant: what an adapter acknowledges is durable, and readers see only
// committed records. It stands apart so that the engine runs unchanged on LMDB, on Kafka and in memory.

import type { RecordCursor } from './packed-record.js';

/** `delete` keeps records for `retentionMs`; `compact` keeps the last record of every key (a tombstone removes the key). */
export type CleanupPolicy = 'delete' | 'compact';

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly cleanup: CleanupPolicy;
  /** Milliseconds; absent = for ever. Only for `delete`. */
  readonly retentionMs?: number;
  /** Milliseconds for which superseded records stay readable. Only for `compact`; absent = 0. */
  readonly minCompactionLagMs?: number;
  /** Who stamps records: the log at append (never earlier than its partition had reached, where the log is ours), or the producer. */
  readonly timestamps: 'append' | 'create';
}

export interface TopicDescription extends TopicSpec {
  /** Identity: another one when the topic was deleted and created again under the same name. */
  readonly id: string;
  /** How the log stores what producers compressed, where it does not unpack it: readers would need their codecs. Absent = plain. */
  readonly compression?: string;
}

export interface LogRecord {
  readonly offset: number;
  /** Milliseconds since the Unix epoch. */
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  /** null = tombstone. */
  readonly value: Uint8Array | null;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The records of a batch before they are objects: for whoever reads many and keeps none. */
export interface PackedBatch {
  readonly bytes: number;
  /** From the first record on. */
  cursor(): RecordCursor;
}

export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly LogRecord[];
  /** The same records; asking for it makes no object of any. */
  readonly packed?: PackedBatch;
  /** The position after this batch: compacted gaps, control and aborted records counted. A batch without records may arrive only to report that it moved. */
  readonly nextOffset: number;
}

export interface NewRecord {
  readonly key: string | Uint8Array | null;
  readonly value: string | Uint8Array | null;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Absent: Kafka's default partitioner (murmur2 of the key; without a key any partition). */
  readonly partition?: number;
  /** Only for topics with `timestamps: 'create'`. */
  readonly timestampMs?: number;
}

export interface Appended {
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface GroupOffset extends TopicPartition {
  /** The next offset to be read. */
  readonly offset: number;
  readonly metadata?: string;
}

/** Somebody's open transaction hides what is behind `stableEnd`: readers stand still there although more was written. */
export interface HiddenPartition extends TopicPartition {
  readonly stableEnd: number;
  /** For how long it has stood still, as far as readers of this process saw. */
  readonly hiddenForMs: number;
}

/** A running reader of all partitions of some topics, in no group. */
export interface Tail {
  /** The next offset to be delivered, a number per partition. */
  positions(topic: string): readonly number[];
  close(): Promise<void>;
}

export interface TailOptions {
  /** Start offsets per topic, one a partition; 'start' = the log's start, 'end' = the stable end now. */
  readonly topics: ReadonlyMap<string, readonly number[] | 'start' | 'end'>;
  /** Called in order per partition, one call at a time per tail; the tail reads on when the promise is settled. */
  readonly onBatch: (batch: RecordBatch) => void | Promise<void>;
  /** The tail goes on by itself after passing faults; this tells of them. A throw of `onBatch` stops the tail and is told as fatal. */
  readonly onError: (error: Error, fatal: boolean) => void;
}

export interface GroupOptions {
  readonly group: string;
  /** Co-partitioned: partition p of all of them goes to the same member; assignment is sticky. */
  readonly topics: readonly string[];
  /** Partitions gained. Records of one flow only after each of its topics was sought once by the owner. Partitions kept across a rebalance go on at their position. */
  readonly onAssigned: (partitions: readonly number[]) => void;
  readonly onRevoked: (partitions: readonly number[]) => void;
  /** Never waits: queue the batch and return; `pause` when the queue is full. No batch from before a `seek`, of a paused or of a lost partition arrives. */
  readonly onBatch: (batch: RecordBatch) => void;
  readonly onError: (error: Error, fatal: boolean) => void;
  /**
   * The owner acts on what it reads in nothing but transactions of this log. Such an owner may be handed records that are not
   * durable yet, where the log makes what it then writes durable with them, or neither: if they are lost, everything is
   * revoked and assigned again.
   */
  readonly early?: boolean;
}

export interface GroupMember {
  readonly assigned: ReadonlySet<number>;
  seek(topic: string, partition: number, offset: number): void;
  pause(topic: string, partition: number): void;
  resume(topic: string, partition: number): void;
  /** Local clock, milliseconds; when the group last confirmed this member. */
  lastHeartbeatMs(): number;
  /** Leaves and joins again: everything is revoked first. Whoever lost a transactor goes this way before it builds another. */
  rejoin(): Promise<void>;
  leave(): Promise<void>;
}

export interface Transaction {
  readonly appends: readonly { readonly topic: string; readonly records: readonly NewRecord[] }[];
  readonly offsets?: { readonly group: string; readonly positions: readonly GroupOffset[] };
}

/** Writes all of a transaction or none of it. After any error it is unusable, and whether the transaction happened is unknown. */
export interface Transactor {
  transact(transaction: Transaction): Promise<void>;
  close(): Promise<void>;
}

export interface EventLog {
  /** Creates the topics that do not exist; refuses (TopicMismatchError) those that exist with another shape. */
  createTopics(specs: readonly TopicSpec[]): Promise<void>;
  describeTopic(name: string): Promise<TopicDescription | undefined>;
  listTopics(): Promise<readonly string[]>;
  /** The identity of every topic by its name, all at once: whoever follows many sees so which were created again. */
  topicIds(): Promise<ReadonlyMap<string, string>>;
  deleteTopic(name: string): Promise<void>;
  /** The first offset still held, a number per partition. */
  starts(topic: string): Promise<readonly number[]>;
  /** The stable end, a number per partition: everything before it is decided (committed or aborted). */
  ends(topic: string): Promise<readonly number[]>;
  /**
   * The first offset whose record is not older than `timeMs`, a number per partition; the stable end where all are older.
   * Exact where times do not fall within a partition (`timestamps: 'append'`); elsewhere as near as they are in order.
   */
  offsetsAt(topic: string, timeMs: number): Promise<readonly number[]>;
  /** Resolves when durable. Concurrent calls are coalesced into fuller requests; per partition the order of calls is kept. */
  append(topic: string, records: readonly NewRecord[]): Promise<readonly Appended[]>;
  /** Committed records from `from` (or the log's start, if later) up to, not including, `to`. Ends there, however the last offsets before `to` look. */
  read(topic: string, partition: number, from: number, to: number): AsyncIterable<RecordBatch>;
  tail(options: TailOptions): Promise<Tail>;
  join(options: GroupOptions): Promise<GroupMember>;
  /**
   * Fences every older transactor of the same id before it resolves: nothing of theirs is committed afterwards. `writes`:
   * where transactors of this id write; what is committed there is readable by then, and nothing in between is undecided.
   */
  transactor(transactionalId: string, writes?: readonly TopicPartition[]): Promise<Transactor>;
  commit(group: string, positions: readonly GroupOffset[]): Promise<void>;
  /** What the group committed for a topic; partitions without a commit are absent. */
  committed(group: string, topic: string): Promise<ReadonlyMap<number, GroupOffset>>;
  /** How many members the group has now, of this process or others; one that died counts until its session times out. */
  memberCount(group: string): Promise<number>;
  /** The largest difference seen between the log's clock and ours, milliseconds ≥ 0 (a log stamping with our own clock: 0). */
  clockDifferenceMs(): number;
  /** Of the partitions being read here, those whose stable end stands still behind what was written. Absent = cannot happen. */
  hiddenPartitions?(): readonly HiddenPartition[];
  /** While it is read here: for how long the log has not answered anything, milliseconds. Absent = it always answers. */
  silentForMs?(): number;
  /** Where a key goes in a topic of so many partitions: Kafka's default partitioner. */
  partitionOf(key: string | Uint8Array, partitions: number): number;
  close(): Promise<void>;
}

/** Time as a parameter: the wall clock in production, stepped by hand in simulations. */
export interface Clock {
  nowMs(): number;
  /** Calls back once at or after `atMs`; the returned function cancels. */
  wakeAt(atMs: number, callback: () => void): () => void;
}
