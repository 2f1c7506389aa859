// One partition of changes and the effects of memberships on its senders, told at least once. Invariant: what is committed
// was sent; everything after it is sent again by whoever owns the partition next.
// In `restoring` the commit is read and the tables catch up; in `live` changes and effects are told.
//   restoring ──► live, closed
//   live ──► closed
import { encodeFanoutPosition, frameHeaders } from '#libs/contracts';
import type { GroupMember, RecordBatch } from '#libs/event-log';
import type { BrokenRecord, MembershipPositions } from '#libs/views';
import { ChangeQueue } from './change-queue.js';
import { dueAgain } from './due-again.js';
import { send, type Sendable } from './outbox.js';
import { Audit, Resend, type Holds, type Paced } from './paced.js';
import { Patience } from './patience.js';
import { extentOf, readPosition, type TaskPosition } from './position.js';
import type { RecipientTopic } from './recipient-topic.js';
import type { RecipientTopics } from './recipient-topics.js';
import type { FanoutOptions } from './surroundings.js';
import type { Tables } from './tables.js';
import { Telling, type Meeting } from './telling.js';

export type TaskState = 'restoring' | 'live' | 'closed';
export const TRANSITIONS: Readonly<Record<TaskState, readonly TaskState[]>> = {
  restoring: ['live', 'closed'],
  live: ['closed'],
  closed: [],
};

export interface TaskOptions {
  readonly partition: number;
  readonly fanout: FanoutOptions;
  readonly tables: Tables;
  readonly recipients: RecipientTopics;
  readonly member: GroupMember;
  /** Called once, at the moment from which effects must be told to the task. */
  readonly onLive: () => void;
}

/** What one step sends, and where the task stands when it is durable. */
interface Step extends Sendable {
  readonly position: TaskPosition;
  readonly changes: number;
  readonly lastChangedAtMs: number;
  /** To how many each sender's change was told. */
  readonly audiences: readonly number[];
}

export class FanoutTask {
  readonly #patience: Patience;
  readonly #telling: Telling;
  readonly #queue: ChangeQueue;
  #state: TaskState = 'restoring';
  #meetings: Meeting[] = [];
  #settlements: [RecipientTopic, number][] = [];
  #rejected: BrokenRecord[] = [];
  #paced: Paced[] = [];
  #rereading = false;
  /** Made, not yet durable. */
  #position: TaskPosition = { changes: 0, vector: { memberships: [], rooms: [] } };
  #sent: TaskPosition | undefined;
  #committed: string | undefined;
  #nextCommitAtMs = 0;
  #moved = false;
  #wake: (() => void) | undefined;
  #cancelTimer: (() => void) | undefined;
  #drained: (() => void)[] = [];
  #finishing = false;
  readonly done: Promise<void>;

  constructor(private readonly options: TaskOptions) {
    const { tables, recipients, partition, fanout } = options;
    this.#patience = new Patience({
      ...fanout,
      name: `partition ${partition}`,
      lastHeartbeatMs: () => options.member.lastHeartbeatMs(),
    });
    this.#telling = new Telling(tables, recipients, partition, fanout.limits.maxFrameBytes);
    this.#queue = new ChangeQueue({
      topic: fanout.topics.changes,
      partition,
      member: options.member,
      maxBatches: fanout.limits.maxQueuedBatches,
      traceStep: fanout.traceStep,
    });
    this.done = this.#run();
  }

  get state(): TaskState {
    return this.#state;
  }

  get partition(): number {
    return this.options.partition;
  }

  /** The next change to be told, sent or about to be. */
  get nextChange(): number {
    return this.#position.changes;
  }

  /** Batches of changes, in order. Never waits. */
  take(batch: RecordBatch): void {
    if (this.#state !== 'live') return;
    this.#queue.push(batch);
    this.#nudge();
  }

  met(meeting: Meeting): void {
    this.#meetings.push(meeting);
  }

  settle(topic: RecipientTopic, sender: number): void {
    if (this.#state !== 'live' || !this.#telling.owns(sender)) return;
    this.#settlements.push([topic, sender]);
    this.#nudge();
  }

  audit(topic: RecipientTopic): void {
    this.pace(new Audit(topic));
  }

  pace(item: Paced): void {
    if (this.#state !== 'live') return;
    this.#paced.push(item);
    this.#nudge();
  }

  /** A broken record of memberships or rooms, if it is this task's to reject. */
  reject(broken: BrokenRecord): void {
    if (this.#rejects(broken.partition)) this.#rejected.push(broken);
  }

  /** The tables have moved: whatever was told is looked at. Resolves when it is in a step that is being sent, or the task is closed. */
  look(): Promise<void> {
    if (this.#state !== 'live') return Promise.resolve();
    this.nudgeMoved();
    if (this.#meetings.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  /** The same without waiting. */
  nudgeMoved(): void {
    this.#moved = true;
    this.#nudge();
  }

  /** Nothing is sent from now on. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#to('closed');
    this.#patience.end();
    this.#tellDrained();
    this.#nudge();
  }

  /** Sends what it has, commits, and closes. */
  async finish(): Promise<void> {
    this.#finishing = true;
    if (this.#state === 'restoring') this.close();
    this.#nudge();
    await this.done;
  }

  async #run(): Promise<void> {
    try {
      const restored = await this.#patience.persist(() => this.#restore());
      this.#goLive(restored);
      while (this.#state === 'live') await this.#turn();
    } catch (error) {
      if (this.#state === 'closed') return;
      this.close();
      this.options.fanout.onFatal(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#cancelTimer?.();
      this.#tellDrained();
    }
  }

  async #turn(): Promise<void> {
    if (this.#hasWork()) await this.#step();
    // Slices that find nothing to send wait for nothing: heartbeats have their turn between them.
    if (this.#paced.length > 0) await new Promise((resolve) => setImmediate(resolve));
    if (this.#finishing) {
      await this.#commit();
      this.close();
    } else if (this.#hasWork()) return;
    else if (this.#commitIsDue()) await this.#commit();
    else await this.#rest();
  }

  /** The committed position if it can be believed; else the ends as they were before the tables caught up. */
  async #restore(): Promise<{ readonly position: TaskPosition; readonly missing?: string }> {
    const { fanout, tables, partition } = this.options;
    const { log, topics, group } = fanout;
    const committed = await log.committed(group, topics.changes);
    const [changes, memberships, rooms] = await Promise.all([
      extentOf(log, topics.changes),
      extentOf(log, topics.memberships),
      extentOf(log, topics.rooms),
    ]);
    await tables.caughtUp(this.#patience.signal);
    const position = readPosition(committed.get(partition), { changes, memberships, rooms });
    if (typeof position !== 'string') return { position };
    return {
      position: { changes: changes.ends[partition] ?? 0, vector: copyOf(tables.memberships.positions) },
      missing: position,
    };
  }

  /** From this moment on the task hears of every effect; what happened before it is looked for in the log. */
  #goLive({ position, missing }: { readonly position: TaskPosition; readonly missing?: string }): void {
    const { fanout, tables, member, partition, recipients } = this.options;
    this.#to('live');
    this.#position = position;
    const now = copyOf(tables.memberships.positions);
    this.options.onLive();
    if (missing === undefined) {
      this.#committed = commitText(position);
      this.#rereading = true;
      this.#reread(position.vector, now).catch((error: unknown) => {
        if (this.#state === 'closed') return;
        this.close();
        fanout.onFatal(error as Error);
      });
    } else {
      fanout.lines.info(`fan-out of partition ${partition} begins at the end, and sends everything once: ${missing}`);
      this.#paced.push(new Resend('position'));
    }
    for (const topic of recipients.followed()) if (topic.ready) this.#paced.push(new Audit(topic));
    this.#queue.begin(position.changes);
    member.seek(fanout.topics.changes, partition, position.changes);
    this.#moved = true;
  }

  async #reread(from: MembershipPositions, to: MembershipPositions): Promise<void> {
    const { fanout, tables } = this.options;
    const options = {
      log: fanout.log,
      topics: fanout.topics,
      tables,
      maxReread: fanout.limits.maxReread,
      rejects: (partition: number) => this.#rejects(partition),
    };
    const due = await this.#patience.persist(() => dueAgain(options, { from, to }));
    this.#rejected.push(...due.broken);
    this.#paced.push(...due.paced);
    this.#rereading = false;
    this.#moved = true;
    this.#nudge();
  }

  #hasWork(): boolean {
    return (
      this.#moved ||
      !this.#queue.isEmpty ||
      this.#meetings.length + this.#settlements.length + this.#rejected.length + this.#paced.length > 0
    );
  }

  async #step(): Promise<void> {
    this.#moved = false;
    const readable = this.#queue.batches;
    if (readable > 0) await this.#patience.persist(() => this.options.tables.policiesRead());
    const step = this.#build(readable);
    await send(step, this.options, this.#patience);
    this.#sent = step.position;
    const { meter, clock } = this.options.fanout;
    if (step.changes > 0) meter.told(step.changes, clock.nowMs() - step.lastChangedAtMs, step.audiences);
    if (this.#commitIsDue()) await this.#commit();
  }

  /** Synchronous: everything in a step is made from the tables as they stand at one moment. */
  #build(readable: number): Step {
    const { fanout, tables } = this.options;
    const { limits } = fanout;
    const audiences: number[] = [];
    const taken = this.#queue.take(readable, limits.maxRecipientsPerStep, {
      raise: (change) => tables.states.raise(change),
      tell: (sender, traced) => {
        const before = this.#telling.effort;
        this.#telling.tellInterested(sender, traced);
        audiences.push(this.#telling.effort - before);
        return this.#telling.effort;
      },
      numberOf: (userId) => tables.users.intern(userId),
    });
    const meetings = this.#meetings;
    this.#meetings = [];
    for (const meeting of meetings) this.#telling.meet(meeting);
    for (const [topic, sender] of this.#settlements) this.#telling.settle(topic, sender);
    this.#settlements = [];
    this.#advancePaced(limits.maxPacedPerStep);
    const rejected = [...this.#rejected, ...taken.broken];
    this.#rejected = [];
    this.#tellDrained();
    const positions = copyOf(tables.memberships.positions);
    this.#position = { changes: taken.next, vector: this.#holds('vector') ? this.#position.vector : positions };
    const { partition } = this.options;
    const headers = {
      'content-type': 'application/json',
      ...frameHeaders({ ...positions, changes: new Map([[partition, taken.next]]) }),
    };
    return {
      ...this.#telling.take(),
      headers,
      rejected,
      position: this.#position,
      changes: taken.changes,
      lastChangedAtMs: taken.lastChangedAtMs,
      audiences,
    };
  }

  #advancePaced(budget: number): void {
    const { tables } = this.options;
    const enough = this.#telling.effort + budget;
    while (this.#telling.effort < enough) {
      const item = this.#paced[0];
      if (item === undefined) return;
      if (item.advance(this.#telling, tables, enough - this.#telling.effort) === 'more') return;
      this.#paced.shift();
    }
  }

  #holds(what: Exclude<Holds, 'nothing'>): boolean {
    if (what === 'vector' && this.#rereading) return true;
    return this.#paced.some(({ holds }) => holds === 'position' || holds === what);
  }

  #commitIsDue(): boolean {
    return this.options.fanout.clock.nowMs() >= this.#nextCommitAtMs && this.#commitNews() !== undefined;
  }

  #commitNews(): string | undefined {
    if (this.#sent === undefined || this.#holds('position')) return undefined;
    const text = commitText(this.#sent);
    return text === this.#committed ? undefined : text;
  }

  /** A commit that fails is tried again later: at worst more is sent twice. */
  async #commit(): Promise<void> {
    const { fanout, partition } = this.options;
    const text = this.#commitNews();
    this.#nextCommitAtMs = fanout.clock.nowMs() + fanout.limits.commitEveryMs;
    if (text === undefined || this.#sent === undefined) return;
    const { changes, vector } = this.#sent;
    try {
      await fanout.log.commit(fanout.group, [
        { topic: fanout.topics.changes, partition, offset: changes, metadata: encodeFanoutPosition(vector) },
      ]);
      this.#committed = text;
    } catch (error) {
      fanout.meter.retried();
      fanout.lines.warn(`the position of partition ${partition} could not be committed; tried again`, { error });
    }
  }

  /** Until something happens, or a commit is due. */
  #rest(): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#commitNews() !== undefined)
        this.#cancelTimer = this.options.fanout.clock.wakeAt(this.#nextCommitAtMs, resolve);
    }).then(() => {
      this.#wake = undefined;
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
    });
  }

  #rejects(partition: number): boolean {
    return partition % this.options.tables.partitions.changes === this.options.partition;
  }

  #to(next: TaskState): void {
    if (!TRANSITIONS[this.#state].includes(next))
      throw new Error(`a fan-out task does not go from ${this.#state} to ${next}`);
    this.#state = next;
  }

  #tellDrained(): void {
    const waiting = this.#drained;
    this.#drained = [];
    for (const resolve of waiting) resolve();
  }

  #nudge(): void {
    this.#wake?.();
  }
}

function copyOf({ memberships, rooms }: MembershipPositions): MembershipPositions {
  return { memberships: [...memberships], rooms: [...rooms] };
}

function commitText({ changes, vector }: TaskPosition): string {
  return `${changes} ${vector.memberships.join()} ${vector.rooms.join()}`;
}
