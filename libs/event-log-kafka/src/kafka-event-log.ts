// The event log on Apache Kafka: composes the parts that speak the protocol into the port. Invariant: nothing that it
// resolves is undecided, and nothing of it runs after `close`. It stands apart as the only door into this room.
import {
  type Appended,
  type EventLog,
  type GroupMember,
  type GroupOffset,
  type GroupOptions,
  type HiddenPartition,
  type NewRecord,
  partitionOf,
  type RecordBatch,
  type Tail,
  type TailOptions,
  type TopicDescription,
  type TopicPartition,
  type TopicSpec,
  type Transactor,
} from '#libs/event-log';
import { KafkaGroupMember } from './group/member.js';
import { GroupPositions } from './group/positions.js';
import { type KafkaOptions, settingsFrom } from './options.js';
import { Appender } from './producing/appender.js';
import { ClockDifference } from './producing/clock-difference.js';
import { KafkaTransactor } from './producing/transactor.js';
import { NONE, listOffsets } from './reading/offsets.js';
import { PartitionReader } from './reading/read.js';
import { KafkaTail } from './reading/tail.js';
import { TopicAdmin } from './topics/topic-admin.js';
import { Wire } from './wire/wire.js';

/** A partition whose stable end stands still behind its high watermark: somebody's transaction is open. */
export interface HangingTransaction {
  readonly topic: string;
  readonly partition: number;
  readonly stableEnd: number;
  readonly highWatermark: number;
}

export type Rehearsal =
  { readonly sentMs: number; readonly appendedMs: number; readonly answeredMs: number } | { readonly error: Error };

export interface ExaminedBroker {
  /** host:port */
  readonly address: string;
  readonly lacks: readonly string[];
}

/** The newest of our requests: Kafka 3.1 knows them all. */
const NEEDED_REQUESTS = [
  { name: 'Produce', key: 0, version: 7 },
  { name: 'Metadata', key: 3, version: 12 },
  { name: 'InitProducerId', key: 22, version: 1 },
  { name: 'DescribeTransactions', key: 65, version: 0 },
] as const;

/** A broker answers the requests of one connection in turn: transactors share a few, so that they do not wait for all others. */
const TRANSACTOR_LANES = 4;
const READ_LANES = 3;

export class KafkaEventLog implements EventLog {
  readonly #wire: Wire;
  readonly #clock = new ClockDifference();
  readonly #appender: Appender;
  readonly #topics: TopicAdmin;
  readonly #tails = new Set<KafkaTail>();
  readonly #members = new Set<KafkaGroupMember>();
  readonly #transactors = new Set<KafkaTransactor>();
  readonly #positions: GroupPositions;
  readonly #onAppendTime: (appendedMs: number) => void;
  #lanes = 0;

  private constructor(options: KafkaOptions) {
    const settings = settingsFrom(options);
    this.#wire = new Wire(settings);
    this.#appender = new Appender(this.#wire, this.#clock);
    this.#topics = new TopicAdmin(this.#wire);
    this.#positions = new GroupPositions(this.#wire, this.#members);
    this.#onAppendTime = (appendedMs) => this.#clock.read(appendedMs, settings.now());
  }

  /** Resolves when a broker has answered, or throws LogUnavailableError after `requestTimeoutMs`. */
  static async connect(options: KafkaOptions): Promise<KafkaEventLog> {
    const log = new KafkaEventLog(options);
    try {
      await log.brokerCount();
    } catch (error) {
      await log.close();
      throw error;
    }
    return log;
  }

  createTopics(specs: readonly TopicSpec[]): Promise<void> {
    return this.#topics.create(specs);
  }

  describeTopic(name: string): Promise<TopicDescription | undefined> {
    return this.#topics.describe(name);
  }

  async listTopics(): Promise<readonly string[]> {
    return [...(await this.topicIds()).keys()].sort();
  }

  topicIds(): Promise<ReadonlyMap<string, string>> {
    return this.#topics.ids();
  }

  deleteTopic(name: string): Promise<void> {
    return this.#topics.delete(name);
  }

  starts(topic: string): Promise<readonly number[]> {
    return listOffsets(this.#wire, topic, 'start');
  }

  ends(topic: string): Promise<readonly number[]> {
    return listOffsets(this.#wire, topic, 'stable');
  }

  async offsetsAt(topic: string, timeMs: number): Promise<readonly number[]> {
    const [found, ends] = [await listOffsets(this.#wire, topic, { atMs: timeMs }), await this.ends(topic)];
    return found.map((offset, partition) => (offset === NONE ? (ends[partition] ?? 0) : offset));
  }

  append(topic: string, records: readonly NewRecord[]): Promise<readonly Appended[]> {
    return this.#appender.append(topic, records);
  }

  read(topic: string, partition: number, from: number, to: number): AsyncIterable<RecordBatch> {
    const lane = `read-${this.#nextLane() % READ_LANES}`;
    return new PartitionReader(this.#wire, lane, { topic, partition, from, to }).batches();
  }

  async tail(options: TailOptions): Promise<Tail> {
    const onClosed = (tail: KafkaTail): void => void this.#tails.delete(tail);
    const tail = await KafkaTail.open(options, {
      wire: this.#wire,
      lane: `tail-${this.#nextLane()}`,
      onAppendTime: this.#onAppendTime,
      onClosed,
    });
    this.#tails.add(tail);
    return tail;
  }

  async join(options: GroupOptions): Promise<GroupMember> {
    const onLeft = (member: KafkaGroupMember): void => void this.#members.delete(member);
    const member = await KafkaGroupMember.open(options, {
      wire: this.#wire,
      lane: `group-${this.#nextLane()}`,
      onAppendTime: this.#onAppendTime,
      onLeft,
    });
    this.#members.add(member);
    return member;
  }

  async transactor(transactionalId: string, writes: readonly TopicPartition[] = []): Promise<Transactor> {
    const lane = `transactions-${this.#nextLane() % TRANSACTOR_LANES}`;
    const transactor = await KafkaTransactor.open(this.#wire, transactionalId, lane, writes);
    this.#transactors.add(transactor);
    return {
      transact: (transaction) => transactor.transact(transaction),
      close: async () => {
        await transactor.close();
        this.#transactors.delete(transactor);
      },
    };
  }

  commit(group: string, positions: readonly GroupOffset[]): Promise<void> {
    return this.#positions.commit(group, positions);
  }

  committed(group: string, topic: string): Promise<ReadonlyMap<number, GroupOffset>> {
    return this.#positions.committed(group, topic);
  }

  memberCount(group: string): Promise<number> {
    return this.#positions.memberCount(group);
  }

  clockDifferenceMs(): number {
    return this.#clock.largestMs;
  }

  partitionOf(key: string | Uint8Array, partitions: number): number {
    return partitionOf(key, partitions);
  }

  hiddenPartitions(): readonly HiddenPartition[] {
    return [...this.#tails, ...this.#members].flatMap(({ hidden }) => hidden);
  }

  /** While something is read there is always an answer, if only that there is nothing. */
  silentForMs(): number {
    return this.#tails.size + this.#members.size === 0 ? 0 : this.#wire.silentForMs;
  }

  /** Partitions of these topics that hold records behind an open transaction right now. Seen twice, some seconds apart with the same `stableEnd`, it hangs. */
  async openTransactions(topics: readonly string[]): Promise<readonly HangingTransaction[]> {
    const found = await Promise.all(
      topics.map(async (topic) => {
        const stable = await listOffsets(this.#wire, topic, 'stable');
        const written = await listOffsets(this.#wire, topic, 'written');
        return stable.map((stableEnd, partition) => ({
          topic,
          partition,
          stableEnd,
          highWatermark: written[partition] ?? stableEnd,
        }));
      }),
    );
    return found.flat().filter(({ stableEnd, highWatermark }) => stableEnd < highWatermark);
  }

  /**
   * Tries a transaction on each topic and takes it back, so that nobody sees anything: by topic the broker's time of the record
   * beside ours when it was sent and answered, or what the broker has against it.
   */
  async rehearse(transactionalId: string, topics: readonly string[]): Promise<ReadonlyMap<string, Rehearsal>> {
    const transactor = await KafkaTransactor.open(this.#wire, transactionalId, 'transactions-0', []);
    const found = new Map<string, Rehearsal>();
    try {
      for (const topic of topics) found.set(topic, await this.#rehearse(transactor, topic));
    } finally {
      await transactor.close();
    }
    return found;
  }

  async #rehearse(transactor: KafkaTransactor, topic: string): Promise<Rehearsal> {
    const sentMs = this.#wire.settings.now();
    try {
      const appendedMs = await transactor.rehearse(topic);
      return { sentMs, appendedMs, answeredMs: this.#wire.settings.now() };
    } catch (error) {
      return { error: error as Error };
    }
  }

  /** The cluster's brokers, and of the requests that we make those that one does not know: it is too old. */
  async examineBrokers(): Promise<readonly ExaminedBroker[]> {
    const patience = { doing: 'asking every broker', limitMs: this.#wire.settings.requestTimeoutMs };
    const links = await this.#wire.patiently(patience, () => this.#wire.everyBroker());
    return links.map((link) => ({
      address: link.address,
      lacks: NEEDED_REQUESTS.filter(({ key, version }) => !link.knows(key, version)).map(
        ({ name, version }) => `${name} ${version}`,
      ),
    }));
  }

  /** Brokers that are known now: for start-up messages and health. */
  async brokerCount(): Promise<number> {
    const patience = {
      doing: `connecting to ${this.#wire.settings.brokers.join(', ')}`,
      limitMs: this.#wire.settings.requestTimeoutMs,
    };
    const { brokers } = await this.#wire.patiently(patience, () => this.#wire.metadata([]));
    return brokers.length;
  }

  async close(): Promise<void> {
    if (this.#wire.closed) return;
    await Promise.all([...this.#members].map((member) => member.leave()));
    await Promise.all([...this.#tails].map((tail) => tail.close()));
    await Promise.all([...this.#transactors].map((transactor) => transactor.close()));
    await this.#appender.close();
    await this.#wire.close();
  }

  #nextLane(): number {
    this.#lanes += 1;
    return this.#lanes;
  }
}
