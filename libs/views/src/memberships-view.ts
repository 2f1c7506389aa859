// Who shares a room with whom, as the memberships and rooms topics tell it, with the positions up to which it was read.
// Invariant: the table is exactly the fold of both topics up to `positions`, record by record. It stands apart from
// Interest because topics, offsets and broken records are the log's words, not the domain's.
import { KEY_NOT_UTF8, VALUE_NOT_UTF8, decodeMembership, decodeRoomPolicy, misplaced } from '#libs/contracts';
import { partitionOf, type LogRecord, type RecordBatch, type TopicPartition } from '#libs/event-log';
import { IntList, Interest, type Interner, type Membership, type RoomPolicy } from '#libs/interest';
import { textOf } from './record-text.js';
import { hasReached } from './states-view.js';
import { Waiting, type Waited } from './waiting.js';

/** Next offsets, a number per partition, of both topics. */
export interface MembershipPositions {
  readonly memberships: readonly number[];
  readonly rooms: readonly number[];
}

export type MembershipTopic = 'memberships' | 'rooms';

/** A record that could not be read; `at` is its place, `reason` a sentence. */
export interface BrokenRecord {
  readonly topic: string;
  readonly partition: number;
  readonly record: LogRecord;
  readonly reason: string;
}

/** A record of either topic that could be read. */
export type MembershipFact =
  | { readonly kind: 'membership'; readonly roomId: string; readonly userId: string; readonly membership: Membership }
  | { readonly kind: 'policy'; readonly roomId: string; readonly policy: RoomPolicy };

export interface MembershipsViewOptions {
  readonly topics: { readonly memberships: string; readonly rooms: string };
  readonly partitions: { readonly memberships: number; readonly rooms: number };
  readonly maxRoomMembers: number;
  /** Shared with a view of states, so that both use the same numbers; absent = its own. */
  readonly users?: Interner;
  /** Told of every record that could not be read, while `positions` stand after it. */
  readonly onBroken?: (broken: BrokenRecord) => void;
}

type Listener = (userId: string | undefined) => void;

export class MembershipsView {
  /** For hot paths: numbers instead of names. */
  readonly interest: Interest;
  readonly #positions: Record<MembershipTopic, number[]>;
  readonly #waiting = new Waiting();
  readonly #listeners = new Set<Listener>();
  readonly #found = new IntList();
  #broken = 0;

  constructor(private readonly options: MembershipsViewOptions) {
    const { maxRoomMembers, users, partitions } = options;
    this.interest = new Interest({ maxRoomMembers, ...(users === undefined ? {} : { users }) });
    this.#positions = {
      memberships: new Array<number>(partitions.memberships).fill(0),
      rooms: new Array<number>(partitions.rooms).fill(0),
    };
  }

  /** Records of memberships or rooms, told apart by the batch's topic. Broken ones are counted. */
  apply(batch: RecordBatch): void {
    const positions = this.#positions[this.topicOf(batch.topic)];
    for (const record of batch.records) {
      // A batch that is delivered again must not undo what came after it.
      if (record.offset < (positions[batch.partition] ?? 0)) continue;
      positions[batch.partition] = record.offset + 1;
      this.#take(batch, record);
    }
    positions[batch.partition] = Math.max(positions[batch.partition] ?? 0, batch.nextOffset);
    this.#waiting.look();
  }

  /** What a record says where it stands, or why it says nothing. Does not change the view. */
  read({ topic, partition }: TopicPartition, record: LogRecord): MembershipFact | string {
    const word = this.topicOf(topic);
    const key = textOf(record.key);
    const value = textOf(record.value);
    if (key === undefined) return KEY_NOT_UTF8.reason;
    if (value === undefined) return VALUE_NOT_UTF8.reason;
    const decoded = word === 'rooms' ? decodeRoomPolicy(value, key) : decodeMembership(value, key);
    if (!decoded.ok) return decoded.reason;
    const wanted = key === null ? partition : partitionOf(key, this.options.partitions[word]);
    if (key !== null && wanted !== partition) return misplaced(key, partition, wanted).reason;
    const { record: fact } = decoded;
    return 'userId' in fact
      ? { kind: 'membership', ...fact }
      : { kind: 'policy', roomId: fact.roomId, policy: fact.presence };
  }

  topicOf(name: string): MembershipTopic {
    if (name === this.options.topics.memberships) return 'memberships';
    if (name === this.options.topics.rooms) return 'rooms';
    throw new Error(`${name} is neither the topic of memberships nor that of rooms`);
  }

  /** True for the user itself, and for two users joined to one room that creates interest. */
  isInterested(recipient: string, sender: string): boolean {
    if (recipient === sender) return true;
    const one = this.interest.users.find(recipient);
    const other = this.interest.users.find(sender);
    return one !== undefined && other !== undefined && this.interest.sharesRoom(one, other);
  }

  /** Interest is mutual: who is told of this user, and of whom this user is told. The user itself too, each once. */
  interestedIn(userId: string): string[] {
    const user = this.interest.users.find(userId);
    if (user === undefined) return [userId];
    this.#found.clear();
    const count = this.interest.recipients(user, this.#found);
    return Array.from(this.#found.items.subarray(0, count), (found) => this.interest.users.nameOf(found));
  }

  get positions(): MembershipPositions {
    return this.#positions;
  }

  get brokenRecords(): number {
    return this.#broken;
  }

  /** Waits under way; for tests and metrics. */
  get waits(): number {
    return this.#waiting.size;
  }

  /** Waits until both topics have been applied up to these positions (a shorter vector counts as zeros). */
  whenAt(positions: MembershipPositions, signal: AbortSignal): Promise<Waited> {
    return this.#waiting.until(() => this.hasReached(positions), signal);
  }

  hasReached(positions: MembershipPositions): boolean {
    return (
      hasReached(this.#positions.memberships, positions.memberships) &&
      hasReached(this.#positions.rooms, positions.rooms)
    );
  }

  /** Told after any record that may have changed who shares with whom; `undefined` = with many (a policy, a size limit). */
  onChanged(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #take({ topic, partition }: RecordBatch, record: LogRecord): void {
    const fact = this.read({ topic, partition }, record);
    if (typeof fact === 'string') {
      this.#broken++;
      this.options.onBroken?.({ topic, partition, record, reason: fact });
      return;
    }
    const room = this.interest.rooms.intern(fact.roomId);
    const wasOpen = this.interest.createsInterest(room);
    if (fact.kind === 'policy') this.interest.setPolicy(room, fact.policy);
    else this.interest.apply(room, this.interest.users.intern(fact.userId), fact.membership);
    const many = fact.kind === 'policy' || this.interest.createsInterest(room) !== wasOpen;
    for (const listener of this.#listeners) listener(many ? undefined : fact.userId);
  }
}
