// The fold of one partition: records of both inputs into aggregates, and what follows from them into changes, states and
// registers. Invariants: each change is written once, with what the task had taken when it made it; states and registers
// are written at the end of a batch, once per user; nothing is written of what was told before.
import {
  INPUTS,
  SNAPSHOT_KEY,
  encodeChange,
  encodeRegisters,
  encodeState,
  misplaced,
  type Applied,
  type Cause,
  type ProgressPosition,
  type RecordSpans,
  type TopicNames,
} from '#libs/contracts';
import { PackedRecord, Spans, partitionOf, type LogRecord } from '#libs/event-log';
import {
  absorbActivity,
  absorbCommand,
  fireDeadlines,
  lastActiveMs,
  prune,
  rankShown,
  snapshot,
  takeActivity,
  takeCommand,
  viewAt,
  RANK_OFFLINE,
  type ActivityInput,
  type Aggregate,
  type Change,
  type CommandInput,
  type Folding,
  type Policy,
  type View,
} from '#libs/presence';
import type { Fold, Progress, Rejection, TaskHandle } from '#libs/processing';
import { CarriedTrace, type TraceStep } from './carried-trace.js';
import { KnownTexts } from './known-texts.js';
import { decodeInput } from './input-decoding.js';
import { PartitionSnapshots, type SnapshotPace } from './partition-snapshots.js';
import { QuickInputs } from './quick-inputs.js';
import { Restoring, required } from './restoring.js';
import { TakingOrderMarks } from './taking-order-marks.js';
import { TouchedUsers } from './touched-users.js';
import { UNWRITTEN, UserColumns } from './user-columns.js';

const ACTIVITY = INPUTS.indexOf('activity');
const SNAPSHOT_BYTES = Buffer.from(SNAPSHOT_KEY);
/** While a silent tail is folded again, whoever woke goes back to rest when so many are awake. */
const MOST_AWAKE = 4_096;

/** What made a change: the topic of the input, or the timer. */
export type ChangeReason = Extract<Cause, { topic: unknown }>['topic'] | Extract<Cause, { timer: unknown }>['timer'];

export interface PresenceFoldOptions {
  readonly topics: TopicNames;
  readonly policy: Policy;
  /** Absent: a snapshot a day. */
  readonly snapshots?: Partial<SnapshotPace>;
  /** Told at the end of a batch that has changes: how many, by reason. */
  readonly onChanges?: (partition: number, changes: ReadonlyMap<ChangeReason, number>) => void;
  /** Absent: trace contexts are passed on as they came. */
  readonly traceStep?: TraceStep;
}

export class PresenceFold implements Fold {
  readonly #texts = new KnownTexts();
  readonly #users = new UserColumns(this.#texts);
  readonly #restoring = new Restoring(this.#users);
  readonly #quick = new QuickInputs(this.#users, this.#texts, (userId) => this.#enter(userId));
  readonly #folding: Folding;
  readonly #policy: Policy;
  readonly #topics: TopicNames;
  readonly #onChanges: PresenceFoldOptions['onChanges'];
  readonly #touched = new TouchedUsers();
  /** Of the batch. */
  #changes = new Map<ChangeReason, number>();
  /** Whose change the sink is told, and the input being taken. */
  #current = 0;
  #input = 0;
  /** Used again for every input: the domain reads it and keeps nothing of it. */
  readonly #at = { tMs: 0, offset: -1 };
  readonly #spans = new Spans();
  /** Of each input the settled time of the last record taken. */
  readonly #reachedMs = INPUTS.map(() => -Infinity);
  readonly #snapshots: PartitionSnapshots;
  readonly #order: TakingOrderMarks;
  readonly #trace: CarriedTrace;

  constructor(
    private readonly handle: TaskHandle,
    { topics, policy, snapshots = {}, onChanges, traceStep }: PresenceFoldOptions,
  ) {
    this.#trace = new CarriedTrace(traceStep);
    this.#onChanges = onChanges;
    this.#topics = topics;
    this.#policy = policy;
    this.#folding = {
      policy,
      sink: (change) => {
        this.#write(change);
      },
    };
    this.#order = new TakingOrderMarks(handle, topics);
    this.#snapshots = new PartitionSnapshots(handle, {
      topics,
      policy,
      pace: snapshots,
      users: {
        count: () => this.#users.size,
        userId: (id) => this.#users.userId(id),
        registers: (id) => this.#registersOf(id),
      },
      positions: () => this.#positions(),
    });
  }

  get size(): number {
    return this.#users.size;
  }

  /** What others see of a user at a time that is not before its last evaluation; undefined = absent. */
  viewOf(userId: string, nowMs: number): View | undefined {
    const id = this.#users.find(userId);
    return id === undefined ? undefined : viewAt(this.#users.borrow(id), nowMs, this.#policy);
  }

  /** The registers of every user as they would be stored now, in the order of the users' names. */
  registers(): readonly string[] {
    const texts: string[] = [];
    for (let id = 0; id < this.#users.size; id += 1) texts.push(this.#registersOf(id));
    return texts.sort();
  }

  restore(topic: string, record: LogRecord): void {
    const spans = record instanceof PackedRecord ? record : this.#spans.of(record);
    if (topic === this.#topics.states) this.#restoring.state(record, spans, topic);
    else if (isKey(spans, SNAPSHOT_BYTES)) this.#snapshots.restore(required(record.value, topic));
    else this.#restoring.registers(record, spans, topic);
  }

  needsProgressTopic(): boolean {
    return this.#restoring.isUnsure;
  }

  absorb(input: number, record: LogRecord, tMs: number): void {
    this.#at.tMs = tMs;
    this.#at.offset = record.offset;
    const known = input === ACTIVITY ? this.#quick.find(record) : this.#quick.findCommand(record);
    if (known >= 0 && input === ACTIVITY) return this.#absorbQuickly(known);
    if (known >= 0) return this.#absorbCommand(known, this.#quick.command());
    const decoded = decodeInput(input, record);
    if (!decoded.ok) return;
    const id = this.#idHere(decoded.record.userId);
    if (typeof id !== 'number') return;
    if (input === ACTIVITY) return this.#absorbActivity(id, decoded.record.input as ActivityInput);
    this.#absorbCommand(id, decoded.record.input as CommandInput);
  }

  /** Of users at rest in place. */
  #absorbQuickly(id: number): void {
    const isActive = this.#quick.kind === 'active';
    const taken = isActive ? this.#users.absorb(id, this.#quick, this.#at, this.#policy) : undefined;
    if (taken === undefined) this.#absorbActivity(id, this.#quick.input());
    else if (taken !== 'duplicate') this.handle.markDirty(id);
  }

  #absorbActivity(id: number, input: ActivityInput): void {
    const taken = absorbActivity(this.#users.aggregate(id), input, this.#at, this.#policy);
    if (taken !== 'duplicate') this.handle.markDirty(id);
    if (this.#users.awake >= MOST_AWAKE) this.#users.rest();
  }

  #absorbCommand(id: number, input: CommandInput): void {
    if (absorbCommand(this.#users.aggregate(id), input, this.#at) !== 'duplicate') this.handle.markDirty(id);
    if (this.#users.awake >= MOST_AWAKE) this.#users.rest();
  }

  restored(progress: Progress, nowMs: number): void {
    for (const [input, { reachedMs }] of progress.inputs.entries()) this.#reachedMs[input] = reachedMs;
    this.#order.start(progress.inputs);
    this.#snapshots.start({ losses: progress.acceptedLoss.length, nowMs });
    this.#users.rest();
    this.#restoring.eachUnsure((id) => this.handle.markDirty(id));
    for (let id = 0; id < this.#users.size; id += 1) this.handle.arm(id, this.#users.rearm(id, this.#policy));
  }

  take(input: number, record: LogRecord, tMs: number): Rejection | undefined {
    this.#order.take(input, record.offset, tMs);
    this.#trace.take(record.headers);
    this.#reachedMs[input] = tMs;
    this.#at.tMs = tMs;
    this.#at.offset = record.offset;
    const known = input === ACTIVITY ? this.#quick.find(record) : this.#quick.findCommand(record);
    if (known >= 0) {
      if (input === ACTIVITY) this.#takeQuickly(known);
      else this.#takeCommand(known, this.#quick.command());
      return undefined;
    }
    const decoded = decodeInput(input, record);
    if (!decoded.ok) return decoded;
    const id = this.#idHere(decoded.record.userId);
    if (typeof id !== 'number') return id;
    if (input === ACTIVITY) this.#takeActivity(id, decoded.record.input as ActivityInput);
    else this.#takeCommand(id, decoded.record.input as CommandInput);
    return undefined;
  }

  /** Of users at rest in place, if it changes nothing shown. */
  #takeQuickly(id: number): void {
    this.#snapshots.preserve(id);
    const isTaken = this.#quick.kind === 'active' ? this.#bump(id) : this.#renew(id);
    if (!isTaken) this.#takeActivity(id, this.#quick.input());
  }

  /** Then no deadline of theirs moves. */
  #bump(id: number): boolean {
    const { device, agoMs } = this.#quick;
    const bumped = agoMs > 0 ? undefined : this.#users.bump(id, device, this.#at);
    if (bumped === undefined) return false;
    this.handle.markDirty(id);
    // Who is shown active was told so, so something was told.
    if (bumped === 'active' && this.#isRestingStale(id)) this.#touchStale(id);
    return true;
  }

  #renew(id: number): boolean {
    if (this.#quick.kind !== 'connected') return false;
    const deadlineMs = this.#users.renew(id, this.#quick, this.#at, this.#policy);
    if (Number.isNaN(deadlineMs)) return false;
    this.handle.markDirty(id);
    this.handle.arm(id, deadlineMs);
    return true;
  }

  #takeActivity(id: number, input: ActivityInput): void {
    this.#snapshots.preserve(id);
    const aggregate = this.#users.aggregate(id);
    this.#current = id;
    this.#input = ACTIVITY;
    if (takeActivity(aggregate, input, this.#at, this.#folding) !== 'duplicate') this.#taken(id, aggregate);
  }

  #takeCommand(id: number, input: CommandInput): void {
    this.#snapshots.preserve(id);
    const aggregate = this.#users.aggregate(id);
    this.#current = id;
    this.#input = 1 - ACTIVITY;
    if (takeCommand(aggregate, input, this.#at, this.#folding) === 'duplicate') return;
    // Told or not, an erasure must be in the stored registers: a re-fold could not find it out.
    if (input.type === 'user.forget') this.#touched.add(id);
    this.#taken(id, aggregate);
  }

  #taken(id: number, aggregate: Aggregate): void {
    this.handle.markDirty(id);
    this.handle.arm(id, aggregate.deadlineMs);
    if (this.#isStale(id, aggregate)) this.#touchStale(id);
  }

  fire(id: number, nowMs: number): void {
    this.#current = id;
    this.#trace.take(undefined);
    this.#snapshots.preserve(id);
    const aggregate = this.#users.aggregate(id);
    fireDeadlines(aggregate, nowMs, this.#folding);
    this.handle.arm(id, aggregate.deadlineMs);
  }

  flush(nowMs: number): void {
    if (this.#changes.size > 0) {
      this.#onChanges?.(this.handle.partition, this.#changes);
      this.#changes = new Map();
    }
    for (const id of this.#touched.take()) {
      this.#writeState(id);
      this.save(id);
    }
    this.#trace.endBatch();
    this.#order.flush();
    this.#snapshots.flush(nowMs);
    this.#users.rest();
  }

  flushDueMs(): number {
    return this.#snapshots.dueMs;
  }

  save(id: number): void {
    this.#snapshots.preserve(id);
    const aggregate = this.#users.borrow(id);
    prune(aggregate, this.#policy, Math.min(...this.#reachedMs));
    this.handle.write(this.#topics.registers, this.#users.userId(id), this.#registersOf(id, aggregate));
    this.#users.giveBack(id, aggregate);
    this.handle.markSaved(id);
  }

  /** Asked of every user once: whoever is known here belongs here. */
  #idHere(userId: string): number | Rejection {
    const id = this.#users.find(userId) ?? this.#enter(userId);
    const { partition, partitions } = this.handle;
    return id >= 0 ? id : misplaced(userId, partition, partitionOf(userId, partitions));
  }

  /** Of a user who is not known; −1 = it belongs to another partition. */
  #enter(userId: string): number {
    const { partition, partitions } = this.handle;
    return partitionOf(userId, partitions) === partition ? this.#users.idOf(userId) : -1;
  }

  #registersOf(id: number, aggregate = this.#users.borrow(id)): string {
    return encodeRegisters(this.#users.userId(id), snapshot(aggregate), this.#users.told(id));
  }

  #positions(): readonly ProgressPosition[] {
    return INPUTS.map((_, input) => ({
      nextOffset: this.handle.appliedOffset(input) + 1,
      reachedMs: this.#reachedMs[input]!,
    }));
  }

  /** The public state holds an activity time that is more than `activeFor` old; offline it does not show. */
  #isStale(id: number, aggregate: Aggregate): boolean {
    if (aggregate.version === 0 || rankShown(aggregate.shown) === RANK_OFFLINE) return false;
    return lastActiveMs(aggregate) - this.#users.writtenActiveMs(id) > this.#policy.activeForMs;
  }

  #isRestingStale(id: number): boolean {
    return this.#users.restingActiveMs(id) - this.#users.writtenActiveMs(id) > this.#policy.activeForMs;
  }

  #touchStale(id: number): void {
    this.#touched.add(id);
    this.#trace.touched(id, this.#at.tMs);
  }

  #write(change: Change): void {
    const id = this.#current;
    const userId = this.#users.userId(id);
    const cause = this.#causeOf(change);
    const reason = 'timer' in cause ? cause.timer : cause.topic;
    this.#changes.set(reason, (this.#changes.get(reason) ?? 0) + 1);
    const traced = this.#trace.ofChange(id, 'timer' in cause ? 'timer' : 'input', this.#at.tMs);
    this.handle.write(this.#topics.changes, userId, this.#changeText(change, userId, cause), traced);
    const isErased = change.kind === 'forgotten';
    this.#users.setChangedAtMs(id, isErased ? UNWRITTEN : change.atMs);
    this.#users.setToldActiveMs(id, isErased ? UNWRITTEN : (change.view.lastActiveAtMs ?? UNWRITTEN));
    this.#touched.add(id);
  }

  /** Field by field: copying a change to add to it took longer than writing it. */
  #changeText(change: Change, userId: string, cause: Cause): string {
    const { life, version, atMs } = change;
    const applied = this.#applied();
    if (change.kind === 'forgotten')
      return encodeChange({ kind: 'forgotten', userId, life, version, atMs, cause, applied });
    const { view, before } = change;
    return encodeChange({ kind: 'changed', userId, life, version, atMs, view, before, cause, applied });
  }

  #causeOf(change: Change): Cause {
    if (change.kind === 'changed' && change.timer !== undefined) return { timer: change.timer };
    return { topic: INPUTS[this.#input]!, offset: this.#at.offset };
  }

  #applied(): Applied {
    const activity = this.handle.appliedOffset(ACTIVITY);
    const commands = this.handle.appliedOffset(1 - ACTIVITY);
    if (activity < 0) return commands < 0 ? {} : { commands };
    return commands < 0 ? { activity } : { activity, commands };
  }

  #writeState(id: number): void {
    const userId = this.#users.userId(id);
    const aggregate = this.#users.aggregate(id);
    const view = aggregate.version === 0 ? undefined : viewAt(aggregate, aggregate.evaluatedAtMs, this.#policy);
    this.#users.setWrittenActiveMs(id, view?.lastActiveAtMs ?? UNWRITTEN);
    const traced = this.#trace.ofState(id);
    if (view === undefined) {
      // A reader that never saw this life must still know which one ended, or an old frame would be news to it.
      const ended = aggregate.life === 0 ? undefined : { life: String(aggregate.life - 1) };
      this.handle.write(this.#topics.states, userId, null, traced === undefined ? ended : { ...ended, ...traced });
      return;
    }
    const { life, version } = aggregate;
    const state = encodeState({ userId, life, version, changedAtMs: this.#users.changedAtMs(id), view });
    this.handle.write(this.#topics.states, userId, state, traced);
  }
}

function isKey({ keyBytes, keyStart, keyEnd }: RecordSpans, wanted: Buffer): boolean {
  return keyEnd - keyStart === wanted.length && wanted.equals(keyBytes.subarray(keyStart, keyEnd));
}
