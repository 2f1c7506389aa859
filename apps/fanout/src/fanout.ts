// The fan-out of one instance: its tables, its tasks, its recipient topics. Invariant: a task lives exactly as long as the
// group assigns its partition here; effects are told to live tasks at the moment the table changes. It stands apart from
// Nest and from how batches arrive: whoever reads the log calls in here.
import { topicNames } from '#libs/contracts';
import { UnknownTopicError, type EventLog, type GroupMember, type RecordBatch } from '#libs/event-log';
import type { InterestEffects } from '#libs/interest';
import type { BrokenRecord } from '#libs/views';
import { RoomReturn } from './paced.js';
import { Patience } from './patience.js';
import type { RecipientTopic } from './recipient-topic.js';
import { RecipientTopics } from './recipient-topics.js';
import { DEFAULT_LIMITS, NO_METER, SILENT_LINES, type FanoutLimits, type FanoutOptions } from './surroundings.js';
import { Tables, type TablePartitions } from './tables.js';
import { FanoutTask } from './task.js';

/** What has no sensible default. */
export type FanoutSetup = Pick<FanoutOptions, 'log' | 'clock' | 'onFatal'> &
  Partial<Pick<FanoutOptions, 'lines' | 'meter' | 'traceStep'>> & {
    readonly prefix: string;
    readonly limits?: Partial<FanoutLimits>;
  };

export class Fanout {
  readonly tables: Tables;
  readonly recipients: RecipientTopics;
  readonly #stopping = new AbortController();
  readonly #tasks = new Map<number, FanoutTask>();
  readonly #effects: InterestEffects;
  /** Of the tables: they read on whether or not the group has confirmed this member. */
  readonly #patience: Patience;
  #member: GroupMember | undefined;

  private constructor(
    readonly options: FanoutOptions,
    partitions: TablePartitions,
  ) {
    this.#patience = new Patience({ ...options, name: 'the tables', lastHeartbeatMs: () => options.clock.nowMs() });
    this.#effects = {
      met: (user, others, count) => {
        this.#met(user, others.slice(0, count));
      },
      parted: (user, others, count) => {
        this.#parted(user, others.slice(0, count));
      },
      opened: (room) => {
        for (const task of this.#tasks.values()) task.pace(new RoomReturn(room));
      },
      closed: (room) => {
        this.#closed(room);
      },
    };
    const onBroken = (broken: BrokenRecord): void => {
      for (const task of this.#tasks.values()) if (task.state === 'live') task.reject(broken);
    };
    this.tables = new Tables({ ...options, partitions, onBroken, stopping: this.#stopping.signal });
    this.recipients = new RecipientTopics({
      ...options,
      tables: this.tables,
      onReady: (topic) => {
        this.#audit(topic);
      },
      onSurprise: (topic, sender) => {
        this.#owner(sender)?.settle(topic, sender);
      },
    });
  }

  /** Asks the log for the partition counts of its topics, which must exist. */
  static async open({ prefix, limits, ...setup }: FanoutSetup): Promise<Fanout> {
    const topics = topicNames(prefix);
    const [changes, states, memberships, rooms, deliveries] = await Promise.all(
      [topics.changes, topics.states, topics.memberships, topics.rooms, topics.deliveries].map((name) =>
        partitionsOf(setup.log, name),
      ),
    );
    const options = {
      lines: SILENT_LINES,
      meter: NO_METER,
      ...setup,
      prefix,
      topics,
      group: `${prefix}fanout`,
      limits: { ...DEFAULT_LIMITS, ...limits },
    };
    return new Fanout(options, {
      changes: changes as number,
      states: states as number,
      memberships: memberships as number,
      rooms: rooms as number,
      deliveries: deliveries as number,
    });
  }

  /** Topics of the three tables: read from their starts, in this instance alone, each by a tail of its own. */
  get tableTopics(): { readonly states: string; readonly memberships: string; readonly rooms: string } {
    return this.options.topics;
  }

  get tasks(): ReadonlyMap<number, FanoutTask> {
    return this.#tasks;
  }

  /** Begins to look for recipient topics. */
  start(): void {
    this.recipients.start();
  }

  joined(member: GroupMember): void {
    this.#member = member;
  }

  assigned(partitions: readonly number[]): void {
    const member = this.#member;
    if (member === undefined) throw new Error('partitions were assigned before the group was joined');
    if (this.#stopping.signal.aborted) return;
    for (const partition of partitions) {
      this.#tasks.get(partition)?.close();
      const task = new FanoutTask({
        partition,
        fanout: this.options,
        tables: this.tables,
        recipients: this.recipients,
        member,
        onLive: () => {
          this.#listen();
        },
      });
      this.#tasks.set(partition, task);
    }
  }

  revoked(partitions: readonly number[]): void {
    for (const partition of partitions) {
      this.#tasks.get(partition)?.close();
      this.#tasks.delete(partition);
    }
    this.#listen();
  }

  takeChanges(batch: RecordBatch): void {
    this.#tasks.get(batch.partition)?.take(batch);
  }

  /** Room policies that were durable when the batch came are read first: what it tells may go out with the next join. */
  async takeStates(batch: RecordBatch): Promise<void> {
    if (this.#tasks.size > 0) await this.#policiesRead();
    this.tables.takeStates(batch);
  }

  takeRooms(batch: RecordBatch): void {
    this.tables.takeMemberships(batch);
    this.options.meter.oversizeRooms(this.tables.memberships.interest.oversizeRooms);
    for (const task of this.#tasks.values()) task.nudgeMoved();
  }

  /**
   * Resolves when the effects are in steps that are being sent, so that a flood of joins waits for the log and not in memory.
   * Room policies that were durable when the batch came are read first: a room withheld before its members joined is never told.
   */
  async takeMemberships(batch: RecordBatch): Promise<void> {
    if (this.#tasks.size > 0) await this.#policiesRead();
    this.tables.takeMemberships(batch);
    this.options.meter.oversizeRooms(this.tables.memberships.interest.oversizeRooms);
    await Promise.all([...this.#tasks.values()].map((task) => task.look()));
  }

  /** undefined = every assigned partition is served. */
  fault(): string | undefined {
    if (this.#member === undefined) return 'the group is not joined yet';
    const restoring = [...this.#tasks.values()].filter(({ state }) => state === 'restoring').length;
    return restoring === 0 ? undefined : `${restoring} of ${this.#tasks.size} partitions are being restored`;
  }

  /** Sends what is at hand, commits, and stops. The group is left afterwards, by whoever joined it. */
  async finish(): Promise<void> {
    await Promise.all([...this.#tasks.values()].map((task) => task.finish()));
    await this.stop();
  }

  /** Stops where it is: nothing is sent or committed from now on. */
  async stop(): Promise<void> {
    for (const task of this.#tasks.values()) task.close();
    this.#stopping.abort(new Error('the fan-out stops'));
    this.#patience.end();
    this.tables.memberships.interest.effects = undefined;
    await this.recipients.close();
    await Promise.all([...this.#tasks.values()].map((task) => task.done));
  }

  async #policiesRead(): Promise<void> {
    try {
      await this.#patience.persist(() => this.tables.policiesRead());
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    }
  }

  /** Effects cost a scan of the rooms concerned: only for live tasks. */
  #listen(): void {
    this.tables.memberships.interest.effects = this.#isListening() ? this.#effects : undefined;
  }

  #isListening(): boolean {
    for (const { state } of this.#tasks.values()) if (state === 'live') return true;
    return false;
  }

  #owner(sender: number): FanoutTask | undefined {
    return this.#tasks.get(this.tables.columns.changePartition(sender));
  }

  #met(user: number, others: Int32Array): void {
    for (const task of this.#tasks.values()) if (task.state === 'live') task.met({ user, others });
  }

  #parted(user: number, others: Int32Array): void {
    if (this.recipients.count === 0) return;
    const topic = this.recipients.of(user);
    for (const other of others) {
      if (topic !== undefined) this.#owner(other)?.settle(topic, other);
      const otherTopic = this.recipients.of(other);
      if (otherTopic !== undefined) this.#owner(user)?.settle(otherTopic, user);
    }
  }

  #closed(room: number): void {
    const { interest } = this.tables.memberships;
    if (interest.isOversize(room)) {
      const sentence = `has more than ${interest.maxRoomMembers} members (MAX_ROOM_MEMBERS) and creates no interest until it has fewer than nine tenths of that`;
      this.options.lines.warn(`a room ${sentence}`, { room: interest.rooms.nameOf(room) });
    }
    for (const topic of this.recipients.followed()) if (interest.isJoined(room, topic.user)) this.#audit(topic);
  }

  #audit(topic: RecipientTopic): void {
    for (const task of this.#tasks.values()) if (task.state === 'live') task.audit(topic);
  }
}

async function partitionsOf(log: EventLog, name: string): Promise<number> {
  const description = await log.describeTopic(name);
  if (description === undefined) throw new UnknownTopicError(`There is no topic ${name}`);
  return description.partitions;
}
