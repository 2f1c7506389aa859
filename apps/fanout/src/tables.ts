// What every instance holds whole: memberships, rooms and states, under one numbering of users, and the columns made from
// them. Invariant: read from the log's start; nobody is told anything before `caughtUp`, and nothing of a batch of
// memberships, states or changes before the room policies that were durable when it arrived. One per instance, shared by its tasks.
import type { EventLog, RecordBatch } from '#libs/event-log';
import { Interner } from '#libs/interest';
import { MembershipsView, StatesView, type BrokenRecord } from '#libs/views';
import { DEFAULT_LIMITS, type FanoutOptions } from './surroundings.js';
import { UserColumns, type PartitionCounts } from './user-columns.js';

export interface TablePartitions extends PartitionCounts {
  readonly states: number;
  readonly memberships: number;
  readonly rooms: number;
}

export interface TablesOptions extends Pick<FanoutOptions, 'log' | 'topics' | 'limits'> {
  readonly partitions: TablePartitions;
  readonly onBroken: (broken: BrokenRecord) => void;
  /** Ends every wait: the instance stops. */
  readonly stopping: AbortSignal;
}

export interface UnreadTables extends Pick<TablesOptions, 'topics' | 'partitions'> {
  readonly log: Pick<EventLog, 'partitionOf'>;
  readonly maxRoomMembers: number;
}

export class Tables {
  readonly users = new Interner();
  readonly states: StatesView;
  readonly memberships: MembershipsView;
  readonly columns: UserColumns;
  #asking: Promise<void> | undefined;
  #askingNext: Promise<void> | undefined;

  constructor(private readonly options: TablesOptions) {
    const { log, topics, limits, partitions, onBroken } = options;
    this.states = new StatesView({ partitions: partitions.states, users: this.users });
    this.memberships = new MembershipsView({
      topics,
      partitions,
      maxRoomMembers: limits.maxRoomMembers,
      users: this.users,
      onBroken,
    });
    this.columns = new UserColumns(this.users, log, partitions);
  }

  /** Tables that are filled by hand and read nothing: for benchmarks. */
  static unread({ log, topics, partitions, maxRoomMembers }: UnreadTables): Tables {
    const limits = { ...DEFAULT_LIMITS, maxRoomMembers };
    const stopping = new AbortController().signal;
    return new Tables({ log: log as EventLog, topics, partitions, limits, stopping, onBroken: () => undefined });
  }

  get partitions(): TablePartitions {
    return this.options.partitions;
  }

  takeStates(batch: RecordBatch): void {
    this.states.apply(batch);
  }

  takeMemberships(batch: RecordBatch): void {
    this.memberships.apply(batch);
  }

  /** All three are read up to where the log ended after this was called. Rejects when the log cannot say, or the signal ends it. */
  async caughtUp(signal: AbortSignal): Promise<void> {
    const { log, topics } = this.options;
    const [memberships, rooms, states] = await Promise.all([
      log.ends(topics.memberships),
      log.ends(topics.rooms),
      log.ends(topics.states),
    ]);
    await this.memberships.whenAt({ memberships, rooms }, signal);
    await this.states.whenAt(states, signal);
    signal.throwIfAborted();
  }

  /**
   * All room policies are read that were durable when this was called: an operator who has withheld a room sees nothing of it
   * told afterwards. Calls made while an answer is awaited share the next one.
   */
  async policiesRead(): Promise<void> {
    if (this.#asking === undefined) {
      await this.#ask();
      return;
    }
    this.#askingNext ??= this.#askAfter(this.#asking);
    await this.#askingNext;
  }

  async #askAfter(current: Promise<void>): Promise<void> {
    await Promise.allSettled([current]);
    this.#askingNext = undefined;
    await this.#ask();
  }

  #ask(): Promise<void> {
    const asking = this.#readPolicies().finally(() => {
      if (this.#asking === asking) this.#asking = undefined;
    });
    this.#asking = asking;
    return asking;
  }

  async #readPolicies(): Promise<void> {
    const { log, topics, stopping } = this.options;
    const rooms = await log.ends(topics.rooms);
    await this.memberships.whenAt({ memberships: [], rooms }, stopping);
    stopping.throwIfAborted();
  }
}
