// Everything that writes: appends, transactions, positions, topics. Invariant: a call checks all it was given before it
// gives out a single offset, and fills one commit group without waiting in between; so a call happens whole or not at all.
import {
  type Appended,
  FencedError,
  type GroupOffset,
  type NewRecord,
  Placement,
  requireFit,
  type TopicSpec,
  type Transaction,
  TransactionError,
  type Transactor,
  UnknownTopicError,
} from '#libs/event-log';
import type { CommitGroup } from './commit-group.js';
import type { GroupCommit } from './group-commit.js';
import type { CommittedOffsets } from './offsets.js';
import type { Topic, TopicRegistry } from './topic-registry.js';

interface WriterParts {
  readonly commits: GroupCommit;
  readonly registry: TopicRegistry;
  readonly offsets: CommittedOffsets;
  readonly nowMs: () => number;
  readonly maxRecordBytes: number;
}

export class LogWriter {
  private readonly placement = new Placement();
  private readonly epochs = new Map<string, number>();
  /** Changes of topics happen one after the other. */
  private topicChange: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: WriterParts) {}

  private requireFits(name: string, records: readonly NewRecord[]): Topic {
    const topic = this.parts.registry.get(name);
    for (const record of records) requireFit(topic.description, record, this.parts.maxRecordBytes);
    return topic;
  }

  private fill(group: CommitGroup, topic: Topic, records: readonly NewRecord[]): Appended[] {
    const { partitions, description } = topic;
    const nowMs = this.parts.nowMs();
    const appended = new Array<Appended>(records.length);
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as NewRecord;
      const partition = partitions[this.placement.partition(record, partitions.length)] as Topic['partitions'][number];
      const timestampMs = description.timestamps === 'append' ? partition.stamp(nowMs) : (record.timestampMs ?? nowMs);
      const offset = group.add(partition, record, timestampMs);
      appended[i] = { partition: partition.partition, offset, timestampMs };
    }
    return appended;
  }

  async append(name: string, records: readonly NewRecord[]): Promise<readonly Appended[]> {
    const topic = this.requireFits(name, records);
    if (records.length === 0) return [];
    const group = this.parts.commits.group;
    if (records.length === 1) group.singles++;
    const appended = this.fill(group, topic, records);
    await group.done;
    return appended;
  }

  async commit(group: string, positions: readonly GroupOffset[]): Promise<void> {
    const { commits, registry, offsets } = this.parts;
    for (const { topic, partition } of positions) registry.partition(topic, partition);
    const target = commits.group;
    target.addUpkeep((writes) => offsets.put(writes, group, positions));
    await target.done;
  }

  async transactor(id: string): Promise<Transactor> {
    const epoch = (this.epochs.get(id) ?? 0) + 1;
    this.epochs.set(id, epoch);
    // What the older one has begun is decided before this resolves; what it begins from now on is refused.
    await this.parts.commits.settled();
    let usable = true;
    return {
      transact: async (transaction) => {
        if (!usable) throw new TransactionError(`The transactor ${id} is unusable after its error or close`);
        try {
          if (this.epochs.get(id) !== epoch) throw new FencedError(`A newer transactor ${id} exists`);
          await this.transact(transaction);
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

  private async transact({ appends, offsets }: Transaction): Promise<void> {
    const { commits, registry } = this.parts;
    const topics = appends.map(({ topic, records }) => this.requireFits(topic, records));
    for (const { topic, partition } of offsets?.positions ?? []) registry.partition(topic, partition);
    const group = commits.group;
    appends.forEach(({ records }, i) => this.fill(group, topics[i] as Topic, records));
    if (offsets !== undefined)
      group.addUpkeep((writes) => this.parts.offsets.put(writes, offsets.group, offsets.positions));
    try {
      await group.done;
    } catch (error) {
      throw new TransactionError(`The transaction failed: ${(error as Error).message}`, { cause: error });
    }
  }

  createTopics(specs: readonly TopicSpec[]): Promise<void> {
    return this.changeTopics(async () => {
      const { registry, commits } = this.parts;
      const change = registry.create(specs, () => commits.group);
      await change?.done;
      change?.publish();
    });
  }

  deleteTopic(name: string): Promise<void> {
    return this.changeTopics(async () => {
      const { registry, commits } = this.parts;
      if (registry.find(name) === undefined) throw new UnknownTopicError(`There is no topic ${name}`);
      const { done, publish } = registry.remove(name, commits.group);
      await done;
      publish();
    });
  }

  private changeTopics(change: () => Promise<void>): Promise<void> {
    const run = this.topicChange.then(change);
    this.topicChange = run.catch(() => {
      // Told to whoever asked for the change; the next change starts anew.
    });
    return run;
  }

  /** Resolves when everything written to a topic so far is decided. */
  async settled(topic: string): Promise<void> {
    await this.parts.commits.settled(topic);
  }

  async close(): Promise<void> {
    await this.topicChange;
    await this.parts.commits.close();
  }
}
