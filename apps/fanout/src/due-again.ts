// What a former owner may not have sent: the records of memberships and rooms between a committed vector and where the table
// stands. Invariant: finds at least everything that is due; what was sent already goes out again and is dropped by receivers.
// Compaction may have removed records that a newer one replaces, never a pair's or room's last.
import type { TopicNames } from '#libs/contracts';
import type { EventLog, LogRecord } from '#libs/event-log';
import type { BrokenRecord, MembershipPositions, MembershipTopic } from '#libs/views';
import { JoinsAgain, Resend, RoomReturn, type Joined, type Paced } from './paced.js';
import type { Tables } from './tables.js';

export interface Range {
  readonly from: MembershipPositions;
  readonly to: MembershipPositions;
}

export interface Due {
  readonly paced: readonly Paced[];
  readonly broken: readonly BrokenRecord[];
}

export interface DueOptions {
  readonly log: EventLog;
  readonly topics: TopicNames;
  readonly tables: Tables;
  readonly maxReread: number;
  /** Whether the task rejects broken records of this partition. */
  readonly rejects: (partition: number) => boolean;
}

/** A room returns below nine tenths of the limit: from there on it may have been closed for a former owner. */
const DOUBTFUL_SHARE = 0.9;

export async function dueAgain(options: DueOptions, range: Range): Promise<Due> {
  const search = new Search(options);
  await search.read('memberships', range);
  await search.read('rooms', range);
  return search.due();
}

class Search {
  readonly #joins = new Map<string, Joined>();
  readonly #opened = new Set<number>();
  readonly #touched = new Map<number, number>();
  readonly #broken: BrokenRecord[] = [];
  #records = 0;

  constructor(private readonly options: DueOptions) {}

  async read(word: MembershipTopic, { from, to }: Range): Promise<void> {
    const { log, topics } = this.options;
    for (const [partition, end] of to[word].entries()) {
      const start = from[word][partition] ?? 0;
      if (start >= end) continue;
      for await (const batch of log.read(topics[word], partition, start, end)) {
        for (const record of batch.records) this.#take(batch.topic, partition, record);
      }
    }
  }

  due(): Due {
    const { tables, maxReread } = this.options;
    if (this.#records > maxReread) return { paced: [new Resend('vector')], broken: this.#broken };
    this.#doubtful(tables);
    const paced: Paced[] = [...this.#opened].map((room) => new RoomReturn(room));
    if (this.#joins.size > 0) paced.push(new JoinsAgain([...this.#joins.values()]));
    return { paced, broken: this.#broken };
  }

  #take(topic: string, partition: number, record: LogRecord): void {
    const { tables, rejects } = this.options;
    this.#records++;
    const fact = tables.memberships.read({ topic, partition }, record);
    if (typeof fact === 'string') {
      if (rejects(partition)) this.#broken.push({ topic, partition, record, reason: fact });
      return;
    }
    const { interest } = tables.memberships;
    const room = interest.rooms.intern(fact.roomId);
    if (fact.kind === 'policy') {
      if (fact.policy === 'share') this.#opened.add(room);
      return;
    }
    this.#touched.set(room, (this.#touched.get(room) ?? 0) + 1);
    if (fact.membership !== 'join' || this.#joins.size > this.options.maxReread) return;
    const user = interest.users.intern(fact.userId);
    this.#joins.set(`${room} ${user}`, { room, user });
  }

  /** Open rooms that may have been too large for a former owner: near the limit, or near it before those records. */
  #doubtful(tables: Tables): void {
    const { interest } = tables.memberships;
    const doubtful = interest.maxRoomMembers * DOUBTFUL_SHARE;
    for (let room = 0; room < interest.rooms.size; room++) {
      const largest = interest.memberCount(room) + (this.#touched.get(room) ?? 0);
      if (largest >= doubtful && interest.createsInterest(room)) this.#opened.add(room);
    }
  }
}
