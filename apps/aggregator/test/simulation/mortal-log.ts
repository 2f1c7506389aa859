// A process's view of the log that ends at a chosen call, as kill -9 ends it: before the call, or after it took effect but
// before anybody hears of it. Invariant: once dead it answers nothing and nothing of it reaches the log any more.
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
  TopicPartition,
  TopicSpec,
  Transactor,
} from '#libs/event-log';

/** At which of its calls a process dies, and whether that call still takes effect. */
export interface Death {
  readonly atCall: number;
  readonly afterEffect: boolean;
}

export class MortalEventLog implements EventLog {
  isDead = false;
  /** As the group knows it. */
  member: GroupMember | undefined;
  /** The calls made so far; the death is at one of them. */
  calls = 0;

  constructor(
    private readonly inner: EventLog,
    private death: Death | undefined,
    private readonly onDeath: () => void,
  ) {}

  /** As kill -9 between two calls. */
  die(): void {
    if (this.isDead) return;
    this.isDead = true;
    this.onDeath();
  }

  /** It need not die any more. */
  spare(): void {
    this.death = undefined;
  }

  async #call<T>(effect: () => Promise<T>): Promise<T> {
    this.calls += 1;
    const { death } = this;
    const dies = this.calls === death?.atCall;
    if (dies && !death.afterEffect) this.die();
    if (this.isDead) return new Promise(() => undefined);
    const result = await effect();
    if (dies) this.die();
    return this.isDead ? new Promise(() => undefined) : result;
  }

  createTopics(specs: readonly TopicSpec[]): Promise<void> {
    return this.#call(() => this.inner.createTopics(specs));
  }

  describeTopic(name: string): Promise<TopicDescription | undefined> {
    return this.#call(() => this.inner.describeTopic(name));
  }

  listTopics(): Promise<readonly string[]> {
    return this.#call(() => this.inner.listTopics());
  }

  topicIds(): Promise<ReadonlyMap<string, string>> {
    return this.#call(() => this.inner.topicIds());
  }

  deleteTopic(name: string): Promise<void> {
    return this.#call(() => this.inner.deleteTopic(name));
  }

  starts(topic: string): Promise<readonly number[]> {
    return this.#call(() => this.inner.starts(topic));
  }

  ends(topic: string): Promise<readonly number[]> {
    return this.#call(() => this.inner.ends(topic));
  }

  offsetsAt(topic: string, timeMs: number): Promise<readonly number[]> {
    return this.#call(() => this.inner.offsetsAt(topic, timeMs));
  }

  append(topic: string, records: readonly NewRecord[]): Promise<readonly Appended[]> {
    return this.#call(() => this.inner.append(topic, records));
  }

  async *read(topic: string, partition: number, from: number, to: number): AsyncIterable<RecordBatch> {
    for await (const batch of this.inner.read(topic, partition, from, to))
      yield await this.#call(() => Promise.resolve(batch));
  }

  tail(options: TailOptions): Promise<Tail> {
    return this.#call(() => this.inner.tail(options));
  }

  async join(options: GroupOptions): Promise<GroupMember> {
    const whileAlive =
      <A extends readonly unknown[]>(callback: (...given: A) => void) =>
      (...given: A): void => {
        if (!this.isDead) callback(...given);
      };
    this.member = await this.inner.join({
      ...options,
      onAssigned: whileAlive(options.onAssigned),
      onRevoked: whileAlive(options.onRevoked),
      onBatch: whileAlive(options.onBatch),
      onError: whileAlive(options.onError),
    });
    return this.#mortal(this.member);
  }

  /** What the process calls: of the dead nothing reaches the group. */
  #mortal(member: GroupMember): GroupMember {
    const silenced = (): Promise<void> => new Promise(() => undefined);
    return {
      get assigned() {
        return member.assigned;
      },
      seek: (topic, partition, offset) => {
        if (!this.isDead) member.seek(topic, partition, offset);
      },
      pause: (topic, partition) => {
        if (!this.isDead) member.pause(topic, partition);
      },
      resume: (topic, partition) => {
        if (!this.isDead) member.resume(topic, partition);
      },
      lastHeartbeatMs: () => member.lastHeartbeatMs(),
      rejoin: () => (this.isDead ? silenced() : member.rejoin()),
      leave: () => (this.isDead ? silenced() : member.leave()),
    };
  }

  async transactor(transactionalId: string, writes?: readonly TopicPartition[]): Promise<Transactor> {
    const transactor = await this.#call(() => this.inner.transactor(transactionalId, writes));
    return {
      transact: (transaction) => this.#call(() => transactor.transact(transaction)),
      close: () => this.#call(() => transactor.close()),
    };
  }

  commit(group: string, positions: readonly GroupOffset[]): Promise<void> {
    return this.#call(() => this.inner.commit(group, positions));
  }

  committed(group: string, topic: string): Promise<ReadonlyMap<number, GroupOffset>> {
    return this.#call(() => this.inner.committed(group, topic));
  }

  memberCount(group: string): Promise<number> {
    return this.#call(() => this.inner.memberCount(group));
  }

  clockDifferenceMs(): number {
    return this.inner.clockDifferenceMs();
  }

  partitionOf(key: string | Uint8Array, partitions: number): number {
    return this.inner.partitionOf(key, partitions);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
