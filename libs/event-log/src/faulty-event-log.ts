// A log that misbehaves on command, around any real one: slow writes, transactions that fail or whose outcome is
// unknown, an unreachable broker, batches delivered twice. For simulations. Invariant: without faults it is the log it wraps.
import { LogUnavailableError, TransactionError } from './errors.js';
import type {
  EventLog,
  GroupMember,
  GroupOffset,
  GroupOptions,
  NewRecord,
  RecordBatch,
  Tail,
  TailOptions,
} from './port.js';
import type { Appended, TopicDescription, TopicPartition, TopicSpec, Transaction, Transactor } from './port.js';

/** `lost`: nothing is written, the caller sees an error. `unseen`: everything is written, the caller sees the same error. */
export type Fate = 'commit' | 'lost' | 'unseen';

export interface LogFaults {
  /** Awaited before every append, transaction and commit takes effect. */
  beforeWrite?: (() => Promise<void>) | undefined;
  /** Asked once for every transaction, after `beforeWrite`. */
  fate?: ((transactionalId: string, transaction: Transaction) => Fate) | undefined;
  /** Asked once for every append of no transaction. */
  appendFate?: ((topic: string, records: readonly NewRecord[]) => Fate) | undefined;
  /** While true, every request answers LogUnavailableError. */
  unreachable?: boolean;
  /** Asked for every batch of a tail or group: true delivers it twice. */
  twice?: ((batch: RecordBatch) => boolean) | undefined;
}

export class FaultyEventLog implements EventLog {
  constructor(
    private readonly inner: EventLog,
    readonly faults: LogFaults = {},
  ) {}

  private requireReachable(): void {
    if (this.faults.unreachable === true) throw new LogUnavailableError('The log cannot be reached (injected)');
  }

  private async reach(): Promise<EventLog> {
    this.requireReachable();
    return this.inner;
  }

  private async beforeWrite(): Promise<void> {
    this.requireReachable();
    if (this.faults.beforeWrite !== undefined) await this.faults.beforeWrite();
    this.requireReachable();
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<void> {
    await (await this.reach()).createTopics(specs);
  }

  async describeTopic(name: string): Promise<TopicDescription | undefined> {
    return (await this.reach()).describeTopic(name);
  }

  async listTopics(): Promise<readonly string[]> {
    return (await this.reach()).listTopics();
  }

  async topicIds(): Promise<ReadonlyMap<string, string>> {
    return (await this.reach()).topicIds();
  }

  async deleteTopic(name: string): Promise<void> {
    await (await this.reach()).deleteTopic(name);
  }

  async starts(topic: string): Promise<readonly number[]> {
    return (await this.reach()).starts(topic);
  }

  async ends(topic: string): Promise<readonly number[]> {
    return (await this.reach()).ends(topic);
  }

  async offsetsAt(topic: string, timeMs: number): Promise<readonly number[]> {
    return (await this.reach()).offsetsAt(topic, timeMs);
  }

  async append(topic: string, records: readonly NewRecord[]): Promise<readonly Appended[]> {
    await this.beforeWrite();
    const fate = this.faults.appendFate?.(topic, records) ?? 'commit';
    if (fate === 'lost') throw new LogUnavailableError('The append failed (injected)');
    const appended = await this.inner.append(topic, records);
    if (fate === 'unseen') throw new LogUnavailableError('The answer to the append was lost (injected)');
    return appended;
  }

  read(topic: string, partition: number, from: number, to: number): AsyncIterable<RecordBatch> {
    this.requireReachable();
    return this.inner.read(topic, partition, from, to);
  }

  async tail(options: TailOptions): Promise<Tail> {
    const onBatch = async (batch: RecordBatch): Promise<void> => {
      await options.onBatch(batch);
      if (this.faults.twice?.(batch) === true) await options.onBatch(batch);
    };
    return (await this.reach()).tail({ ...options, onBatch });
  }

  async join(options: GroupOptions): Promise<GroupMember> {
    const onBatch = (batch: RecordBatch): void => {
      options.onBatch(batch);
      if (this.faults.twice?.(batch) === true) options.onBatch(batch);
    };
    return (await this.reach()).join({ ...options, onBatch });
  }

  async transactor(transactionalId: string, writes?: readonly TopicPartition[]): Promise<Transactor> {
    const inner = await (await this.reach()).transactor(transactionalId, writes);
    let usable = true;
    const transact = async (transaction: Transaction): Promise<void> => {
      await this.beforeWrite();
      const fate = this.faults.fate?.(transactionalId, transaction) ?? 'commit';
      if (fate !== 'lost') await inner.transact(transaction);
      if (fate !== 'commit') throw new TransactionError('The outcome of the transaction is unknown (injected)');
    };
    return {
      transact: async (transaction) => {
        if (!usable) throw new TransactionError(`The transactor ${transactionalId} is unusable after its error`);
        try {
          await transact(transaction);
        } catch (error) {
          usable = false;
          throw error;
        }
      },
      close: () => inner.close(),
    };
  }

  async commit(group: string, positions: readonly GroupOffset[]): Promise<void> {
    await this.beforeWrite();
    await this.inner.commit(group, positions);
  }

  async committed(group: string, topic: string): Promise<ReadonlyMap<number, GroupOffset>> {
    return (await this.reach()).committed(group, topic);
  }

  async memberCount(group: string): Promise<number> {
    return (await this.reach()).memberCount(group);
  }

  clockDifferenceMs(): number {
    return this.inner.clockDifferenceMs();
  }

  partitionOf(key: string | Uint8Array, partitions: number): number {
    return this.inner.partitionOf(key, partitions);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
