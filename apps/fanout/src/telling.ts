// One step of a task in the making: what is told to whom, as frames and as senders to settle in recipient topics. Invariant:
// everything told is the sender's latest row at that moment, so two steps in order never tell an older one after a newer.
import { IntList } from '#libs/interest';
import type { TracedChange } from './change-queue.js';
import { headOf } from './news.js';
import { FrameBuilder, type Frame } from './frame-builder.js';
import type { RecipientTopic } from './recipient-topic.js';
import type { RecipientTopics } from './recipient-topics.js';
import type { Tables } from './tables.js';

/** Senders of one task to be settled, by recipient topic. */
export type Settlements = Map<RecipientTopic, Set<number>>;

export interface Told {
  readonly frames: readonly Frame[];
  readonly settlements: Settlements;
}

/** Two who meet: the one who joined, and those who were there. */
export interface Meeting {
  readonly user: number;
  readonly others: Int32Array;
}

export class Telling {
  readonly #frames: FrameBuilder;
  readonly #found = new IntList();
  readonly #one = new Int32Array(1);
  #settlements: Settlements = new Map();
  /** Recipients told since the step began, and rows looked at for it. */
  effort = 0;

  constructor(
    private readonly tables: Tables,
    private readonly recipients: Pick<RecipientTopics, 'count' | 'of'>,
    private readonly partition: number,
    maxFrameBytes: number,
  ) {
    this.#frames = new FrameBuilder(tables.columns, maxFrameBytes);
  }

  /** Everything since the last time. */
  take(): Told {
    const told = { frames: this.#frames.take(), settlements: this.#settlements };
    this.#settlements = new Map();
    this.effort = 0;
    return told;
  }

  owns(user: number): boolean {
    return this.tables.columns.changePartition(user) === this.partition;
  }

  /** The sender's latest to everybody who is interested; with the trace of a change if that is the latest still. */
  tellInterested(sender: number, traced?: TracedChange): void {
    this.#found.clear();
    const count = this.tables.memberships.interest.recipients(sender, this.#found);
    const { rows } = this.tables.states;
    const isLatest = traced !== undefined && rows.compare(sender, traced.life, traced.version) === 0;
    this.tell(sender, this.#found.items, count, isLatest ? traced.traceparent : undefined);
  }

  /** The sender's latest to these. Nothing when nothing is known of it. */
  tell(sender: number, users: Int32Array, count: number, traceparent?: string): void {
    if (count === 0 || !this.tables.states.rows.isKnown(sender)) return;
    this.effort += count;
    this.#frames.add(headOf(this.tables.states, sender, traceparent), users, count);
    if (this.recipients.count === 0) return;
    for (let index = 0; index < count; index++) this.settleFor(users[index] as number, sender);
  }

  /** A join's effects, as far as the sender is this task's: semantics.md section 9. Those who have parted since are left out. */
  meet({ user, others }: Meeting): void {
    const { interest } = this.tables.memberships;
    const still = others.filter((other) => interest.sharesRoom(user, other));
    if (this.owns(user)) this.tell(user, still, still.length);
    for (const other of still) if (this.owns(other)) this.#introduce(other, user);
    this.effort += others.length >> 4;
  }

  /** Everything that a room's members may have to know of one of them and it of them, whether or not it is news. */
  tellRoomOf(room: number, user: number): void {
    const { interest } = this.tables.memberships;
    if (!interest.createsInterest(room) || !interest.isJoined(room, user)) return;
    const members = this.membersOf(room);
    if (this.owns(user)) this.tell(user, members.items, members.length);
    for (const member of members.taken()) {
      if (member !== user && this.owns(member)) this.#tellOne(member, user);
    }
  }

  membersOf(room: number): IntList {
    this.#found.clear();
    this.tables.memberships.interest.membersFrom(room, 0, Infinity, this.#found);
    return this.#found;
  }

  interestedIn(user: number): Int32Array {
    this.#found.clear();
    this.tables.memberships.interest.recipients(user, this.#found);
    return this.#found.taken();
  }

  settleFor(recipient: number, sender: number): void {
    const topic = this.recipients.of(recipient);
    if (topic !== undefined) this.settle(topic, sender);
  }

  settle(topic: RecipientTopic, sender: number): void {
    const senders = this.#settlements.get(topic);
    if (senders === undefined) this.#settlements.set(topic, new Set([sender]));
    else senders.add(sender);
  }

  /** Plain offline is no news to somebody who never saw the sender; to somebody who may have, it is. */
  #introduce(sender: number, recipient: number): void {
    const { rows } = this.tables.states;
    const { interest } = this.tables.memberships;
    const isPlain = rows.isGone(sender) || rows.isPlainOffline(sender);
    if (!isPlain || interest.wasApart(sender) || interest.wasApart(recipient)) this.#tellOne(sender, recipient);
    else this.settleFor(recipient, sender);
  }

  #tellOne(sender: number, recipient: number): void {
    this.#one[0] = recipient;
    this.tell(sender, this.#one, 1);
  }
}
