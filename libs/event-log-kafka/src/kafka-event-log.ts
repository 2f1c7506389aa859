// The event log on Apache Kafka: composes the parts that speak the protocol into the port. Invariant: nothing that it
// resolves is undecided, and nothing of it runs after `close`. It stands apart as the only door into this room.
import type {
  Appended, EventLog, GroupMember, GroupOffset, GroupOptions, NewRecord, RecordBatch, Tail, TailOptions, TopicDescription, TopicSpec, Transactor,
} from '#libs/event-log';
import type { KafkaOptions } from './options.js';

/** A partition whose stable end stands still behind its high watermark: somebody's transaction is open. */
export interface HangingTransaction {
  readonly topic: string;
  readonly partition: number;
  readonly stableEnd: number;
  readonly highWatermark: number;
}

export declare class KafkaEventLog implements EventLog {
  static connect(options: KafkaOptions): Promise<KafkaEventLog>;
  createTopics(specs: readonly TopicSpec[]): Promise<void>;
  describeTopic(name: string): Promise<TopicDescription | undefined>;
  listTopics(): Promise<readonly string[]>;
  deleteTopic(name: string): Promise<void>;
  starts(topic: string): Promise<readonly number[]>;
  ends(topic: string): Promise<readonly number[]>;
  append(topic: string, records: readonly NewRecord[]): Promise<readonly Appended[]>;
  read(topic: string, partition: number, from: number, to: number): AsyncIterable<RecordBatch>;
  tail(options: TailOptions): Promise<Tail>;
  join(options: GroupOptions): Promise<GroupMember>;
  transactor(transactionalId: string): Promise<Transactor>;
  commit(group: string, positions: readonly GroupOffset[]): Promise<void>;
  committed(group: string, topic: string): Promise<ReadonlyMap<number, GroupOffset>>;
  clockDifferenceMs(): number;
  partitionOf(key: string | Uint8Array, partitions: number): number;
  /** Partitions of these topics that hold records behind an open transaction right now. Seen twice, some seconds apart with the same `stableEnd`, it hangs. */
  openTransactions(topics: readonly string[]): Promise<readonly HangingTransaction[]>;
  /** Brokers that are known now: for start-up messages and health. */
  brokerCount(): Promise<number>;
  close(): Promise<void>;
}
