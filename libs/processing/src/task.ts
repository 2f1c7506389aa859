// One partition's loop: takes inputs in the order of their times, fires timers, and writes what follows from them, one
// transaction per batch. Invariants: the next transaction begins only after the one before is committed; after any error
// everything in memory is thrown away; nothing is taken once the task is closing. Folding is synchronous: while one
// batch is being committed the next is folded, which is safe because its outputs wait for that commit.
import type { Clock, EventLog, LogRecord, RecordBatch, Transaction, Transactor } from '#libs/event-log';
import type { Fold, FoldFactory, TaskHandle } from './fold.js';
import { InputSource } from './input-source.js';
import type { Limits } from './limits.js';
import { AWAITED, UNPROVEN, choose, horizonOf } from './merge.js';
import type { Observer } from './observer.js';
import { BatchOutbox } from './outbox.js';
import type { Policies } from './policies.js';
import type { LostRange, Position, Topology } from './progress.js';
import { RollingCheckpoint } from './rolling-checkpoint.js';
import { AbandonedError, CannotDecodeError, CannotProcessError } from './stops.js';
import { takeOver } from './take-over.js';
import { step, type TaskState } from './task-states.js';
import { TimingWheel } from './timing-wheel.js';

/** Transactions of a loaded task begin no sooner than so many times the duration of the last one, so that they are large. */
const PACE = 4;
const LONGEST_PACE_MS = 100;

/** What every task of an owner has in common. */
export interface TaskSettings {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly topology: Topology;
  readonly createFold: FoldFactory;
  readonly limits: Limits;
  readonly policies: Policies;
  readonly acceptLoss: boolean;
  readonly observer: Observer;
  /** For the offsets that lag tools look at. */
  readonly group: string;
  readonly transactionalIdOf: (partition: number) => string;
}

/** What a task needs of its owner. */
export interface TaskOwner {
  pause(topic: string, partition: number): void;
  resume(topic: string, partition: number): void;
  /** Time must be known to have passed. */
  wantEnds(): void;
  /** A transaction of this task is there. */
  committed(): void;
  /** Told once; the task is closing by itself and is of no use any more. */
  failed(task: Task, error: Error): void;
}

export class Task {
  readonly fold: Fold;
  readonly sources: readonly InputSource[];
  #state: TaskState = 'restoring';
  #transactor: Transactor | undefined;
  #wheel = new TimingWheel(0);
  #checkpoint: RollingCheckpoint;
  #acceptedLoss: readonly LostRange[] = [];
  #outbox: BatchOutbox;
  /** Inputs and timers of the batch that is being folded. */
  #inputs = 0;
  #timers = 0;
  #timeMs = -Infinity;
  #committing: Promise<void> | undefined;
  #scheduled = false;
  #cancelWake: (() => void) | undefined;
  #wakeMs = Infinity;
  #liveFrom: readonly number[] | undefined;
  #offsetsDueMs = Infinity;
  /** When the next transaction may begin; a full batch does not wait for it. */
  #commitDueMs = -Infinity;
  #cancelPace: (() => void) | undefined;
  /** A transaction failed: its transactor must not be used again. */
  #broken = false;
  readonly #paused = new Set<InputSource>();

  constructor(
    readonly partition: number,
    private readonly settings: TaskSettings,
    private readonly owner: TaskOwner,
  ) {
    this.sources = settings.topology.inputs.map((topic) => new InputSource(topic));
    this.#outbox = new BatchOutbox(partition);
    this.#checkpoint = new RollingCheckpoint(settings.limits);
    this.fold = settings.createFold(this.#handle());
  }

  get state(): TaskState {
    return this.#state;
  }

  /** What has been taken, transacted or not. */
  get positions(): readonly Position[] {
    return this.sources.map(({ position }) => position);
  }

  /** The time up to which every timer has fired, milliseconds. */
  get timeMs(): number {
    return this.#timeMs;
  }

  get dirty(): number {
    return this.#checkpoint.dirty;
  }

  /** Nothing is queued, folded or under way, and no timer is due at or before that time. */
  isSettled(atMs: number): boolean {
    if (this.#state !== 'live' || this.#committing !== undefined || this.#hasBatch) return false;
    return this.sources.every(({ queuedRecords }) => queuedRecords === 0) && this.#wheel.firstDue(atMs) > atMs;
  }

  /** Fences, restores and re-folds; resolves to where each input goes on. */
  async restore(): Promise<readonly number[]> {
    const { log, clock, topology, limits, acceptLoss, observer, transactionalIdOf } = this.settings;
    const startedMs = clock.nowMs();
    const { partition, fold } = this;
    const { progress, known, records, absorbed } = await takeOver({
      log,
      partition,
      topology,
      fold,
      acceptLoss,
      transactionalId: transactionalIdOf(partition),
      isAbandoned: () => this.#isClosing,
      onTransactor: (transactor) => {
        if (this.#isClosing) void quietly(transactor.close());
        else this.#transactor = transactor;
      },
    });
    if (this.#isClosing) throw new AbandonedError('closed while restoring');
    for (const [index, position] of progress.inputs.entries()) {
      this.sources[index]!.start(position, known ? position.nextOffset - 1 : -1);
    }
    this.#wheel.passTo(Math.max(...progress.inputs.map(({ reachedMs }) => reachedMs)));
    fold.restored();
    this.#acceptedLoss = progress.acceptedLoss;
    this.#checkpoint.resume(progress.checkpoint, progress.inputs, clock.nowMs());
    this.#move('catching-up');
    observer.restored?.({ partition, records, absorbed, tookMs: clock.nowMs() - startedMs });
    this.owner.wantEnds();
    return progress.inputs.map(({ nextOffset }) => nextOffset);
  }

  /** Queues what was read; a full queue pauses its input. */
  accept(batch: RecordBatch): void {
    if (this.#isClosing) return;
    const source = this.sources.find(({ topic }) => topic === batch.topic);
    if (source === undefined) return;
    source.push(batch);
    const { queuedRecords, queuedBytes } = this.settings.limits;
    if ((source.queuedRecords >= queuedRecords || source.queuedBytes >= queuedBytes) && !this.#paused.has(source)) {
      this.#paused.add(source);
      this.owner.pause(source.topic, this.partition);
    }
    this.#schedule();
  }

  /** The stable ends of the inputs of this partition, as asked for at a moment of our clock. */
  learnEnds(ends: readonly number[], askedMs: number): void {
    if (this.#isClosing || this.#state === 'restoring') return;
    for (const [index, source] of this.sources.entries()) source.learnEnd(ends[index]!, askedMs);
    this.#liveFrom ??= ends;
    this.#schedule();
  }

  /** Stops at once: what is folded and not transacted is thrown away; a transaction under way may end. */
  async abandon(): Promise<void> {
    if (this.#isClosing) return;
    this.#beginClosing();
    await this.#committing;
    await this.#end();
  }

  /** Stops properly: what is folded is committed, and so is what is only in memory, as far as that is little. */
  async drain(): Promise<void> {
    if (this.#isClosing) return;
    const restored = this.#state !== 'restoring';
    this.#beginClosing();
    await this.#committing;
    if (restored && !this.#broken) await this.#commitLast();
    await this.#end();
  }

  // Folding.

  #schedule(): void {
    if (this.#scheduled || this.#isClosing) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  /** One turn of the loop: a slice of inputs and timers, then a transaction if none is under way, then what to wait for. */
  #turn(): void {
    if (this.#isClosing || this.#state === 'restoring') return;
    try {
      const more = this.#foldSlice();
      this.#becomeLive();
      this.#resumeInputs();
      if (this.#committing === undefined && (this.#hasBatch || this.#isWritingDue())) this.#commitInTime();
      if (more && !this.#isFull) this.#schedule();
    } catch (error) {
      this.#fail(asError(error));
    }
  }

  /** Folds until the slice or the batch is full, or nothing can be taken; true = there is more to take at once. */
  #foldSlice(): boolean {
    const { log, clock, limits } = this.settings;
    const moment = { nowMs: clock.nowMs(), clockDifferenceMs: log.clockDifferenceMs(), lagMs: limits.lagMs };
    const slackMs = moment.clockDifferenceMs + limits.settleMs;
    for (let left = limits.sliceInputs; left > 0; left -= 1) {
      if (this.#isFull) return true;
      const horizonMs = horizonOf(this.sources, slackMs);
      if (horizonMs > this.#timeMs) this.#timeMs = horizonMs;
      if (this.#wheel.nextMs <= this.#timeMs && !this.#fireTimers()) return true;
      const chosen = choose(this.sources, moment);
      if (chosen < 0) {
        this.#waitFor(chosen, moment.nowMs - slackMs, slackMs);
        return false;
      }
      this.#takeFrom(chosen);
    }
    return true;
  }

  /** Fires what is due at the task's time; false = the batch is full before all of it. */
  #fireTimers(): boolean {
    const { transactionInputs } = this.settings.limits;
    const fired = this.#wheel.advance(this.#timeMs, this.#fire, Math.max(1, transactionInputs - this.#timers));
    this.#timers += fired;
    if (fired > 0) this.settings.observer.fired?.(this.partition, fired);
    return this.#wheel.nextMs > this.#timeMs;
  }

  readonly #fire = (id: number, dueMs: number): void => {
    try {
      this.fold.fire(id, dueMs);
    } catch (error) {
      throw new CannotProcessError(
        `a timer of id ${id} in partition ${this.partition} at ${dueMs} cannot be processed: ${sentence(error)}`,
        { cause: error },
      );
    }
  };

  #takeFrom(index: number): void {
    const source = this.sources[index]!;
    const record = source.take();
    this.#wheel.passTo(source.reachedMs);
    this.#inputs += 1;
    let reason: string | undefined;
    try {
      reason = this.fold.take(index, record, source.reachedMs)?.reason;
    } catch (error) {
      const where = `${source.topic}-${this.partition} offset ${record.offset}`;
      if (this.settings.policies.cannotProcess === 'stop')
        throw new CannotProcessError(`${where} cannot be processed: ${sentence(error)}`, { cause: error });
      reason = `cannot be processed: ${sentence(error)}`;
    }
    if (reason !== undefined) this.#reject(source.topic, record, reason);
  }

  #reject(topic: string, record: LogRecord, reason: string): void {
    const { policies, topology, observer } = this.settings;
    const { partition } = this;
    if (policies.cannotDecode === 'stop')
      throw new CannotDecodeError(`${topic}-${partition} offset ${record.offset} cannot be decoded: ${reason}`);
    this.#outbox.reject(topology.rejected, { topic, partition, record, reason });
    observer.rejected?.(topic, partition, record.offset, reason);
  }

  get #isFull(): boolean {
    const { transactionInputs, transactionBytes } = this.settings.limits;
    return (
      this.#inputs >= transactionInputs || this.#timers >= transactionInputs || this.#outbox.bytes >= transactionBytes
    );
  }

  get #hasBatch(): boolean {
    return this.#inputs > 0 || this.#timers > 0 || this.#outbox.count > 0;
  }

  /** Live = everything has been taken that was there when catching up began. */
  #becomeLive(): void {
    const target = this.#liveFrom;
    if (this.#state !== 'catching-up' || target === undefined) return;
    if (this.sources.every(({ position }, index) => position.nextOffset >= target[index]!)) this.#move('live');
  }

  #resumeInputs(): void {
    for (const source of this.#paused) {
      const { queuedRecords, queuedBytes } = this.settings.limits;
      if (source.queuedRecords * 2 > queuedRecords || source.queuedBytes * 2 > queuedBytes) continue;
      this.#paused.delete(source);
      this.owner.resume(source.topic, this.partition);
    }
  }

  // Waiting.

  /** Nothing can be taken: asks for the ends if that helps now, else sets the clock for when it will. */
  #waitFor(why: number, provableMs: number, slackMs: number): void {
    const unknown = this.sources.some(({ endKnown }) => !endKnown);
    if (unknown || why === UNPROVEN) this.owner.wantEnds();
    if (unknown || why === AWAITED) return;
    // Were the ends asked for now, timers might fire up to here.
    let reachableMs = provableMs;
    for (const { headMs } of this.sources) if (headMs < reachableMs) reachableMs = headMs;
    const dueMs = this.#wheel.firstDue(reachableMs);
    if (dueMs <= reachableMs) this.owner.wantEnds();
    else this.#wakeAt(Math.min(dueMs + slackMs, this.#writingAheadMs()));
  }

  #wakeAt(atMs: number): void {
    if (atMs === this.#wakeMs) return;
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    this.#wakeMs = atMs;
    if (atMs === Infinity) return;
    this.#cancelWake = this.settings.clock.wakeAt(atMs, () => {
      this.#cancelWake = undefined;
      this.#wakeMs = Infinity;
      this.#schedule();
    });
  }

  /** When something must be written although nothing happens: group offsets that lag behind, registers that are only in memory. */
  #writingDueMs(): number {
    const { quietSweepMs } = this.settings.limits;
    const sweepDueMs = this.#checkpoint.dirty > 0 ? this.#checkpoint.sweepStartMs + quietSweepMs : Infinity;
    return Math.min(this.#offsetsDueMs, sweepDueMs);
  }

  /** What is due already is written in this turn, or in the one that the transaction under way ends with. */
  #writingAheadMs(): number {
    const dueMs = this.#writingDueMs();
    return dueMs > this.settings.clock.nowMs() ? dueMs : Infinity;
  }

  #isWritingDue(): boolean {
    return this.#state === 'live' && this.settings.clock.nowMs() >= this.#writingDueMs();
  }

  // Writing.

  /** At once when it was quiet; under load paced, so that transactions are few and large. */
  #commitInTime(): void {
    const waitMs = this.#commitDueMs - this.settings.clock.nowMs();
    // A wait longer than any pace means that the clock stepped back.
    if (this.#isFull || waitMs <= 0 || waitMs > LONGEST_PACE_MS) {
      this.#cancelPace?.();
      this.#cancelPace = undefined;
      this.#startCommit();
      return;
    }
    this.#cancelPace ??= this.settings.clock.wakeAt(this.#commitDueMs, () => {
      this.#cancelPace = undefined;
      this.#schedule();
    });
  }

  #startCommit(): void {
    this.#committing = this.#commit().then(
      () => {
        this.#committing = undefined;
        this.#schedule();
      },
      (error: unknown) => {
        this.#committing = undefined;
        this.#broken = true;
        this.#fail(asError(error));
      },
    );
  }

  async #commit(): Promise<void> {
    const { clock, observer } = this.settings;
    const startedMs = clock.nowMs();
    const inputs = this.#inputs;
    const quiet = !this.#hasBatch && this.#checkpoint.sweepStartMs + this.settings.limits.quietSweepMs <= startedMs;
    const { transaction, positions, swept } = this.#seal(startedMs, quiet);
    await this.#transactor!.transact(transaction);
    const tookMs = clock.nowMs() - startedMs;
    this.#commitDueMs = startedMs + Math.min(tookMs * PACE, LONGEST_PACE_MS);
    const records = transaction.appends.reduce((sum, append) => sum + append.records.length, 0);
    this.owner.committed();
    observer.committed?.({ partition: this.partition, positions, inputs, records, swept, tookMs });
  }

  /** Closes the batch: what the fold must write, a few of the longest-dirty ids, and at the end the progress. */
  #seal(nowMs: number, sweepAll: boolean): { transaction: Transaction; positions: readonly Position[]; swept: number } {
    const outbox = this.#outbox;
    const inputs = this.#inputs;
    this.fold.flush();
    const quota = this.#checkpoint.quota({ inputs, records: outbox.count + 1, nowMs });
    const swept = this.#sweep(sweepAll ? this.settings.limits.transactionInputs : quota);
    const { positions } = this;
    this.#checkpoint.endBatch(positions, nowMs);
    const { codec, progress } = this.settings.topology;
    const value = codec.encode({
      inputs: positions,
      checkpoint: this.#checkpoint.positions,
      acceptedLoss: this.#acceptedLoss,
    });
    const appends = outbox.seal(progress, { key: codec.key, value });
    this.#outbox = new BatchOutbox(this.partition);
    this.#inputs = 0;
    this.#timers = 0;
    const offsets = this.#groupOffsets(positions, nowMs, inputs > 0);
    return { transaction: offsets === undefined ? { appends } : { appends, offsets }, positions, swept };
  }

  #sweep(count: number): number {
    let swept = 0;
    for (; swept < count && this.#checkpoint.oldest >= 0; swept += 1) {
      const id = this.#checkpoint.oldest;
      this.fold.save(id);
      this.#checkpoint.markSaved(id);
    }
    return swept;
  }

  /** For lag tools only: with a transaction now and then, and with one of its own soon after the last input. */
  #groupOffsets(positions: readonly Position[], nowMs: number, moved: boolean): Transaction['offsets'] {
    if (moved && this.#offsetsDueMs === Infinity) this.#offsetsDueMs = nowMs + this.settings.limits.groupOffsetsEveryMs;
    if (nowMs < this.#offsetsDueMs) return undefined;
    this.#offsetsDueMs = Infinity;
    const { partition } = this;
    return {
      group: this.settings.group,
      positions: positions.map(({ nextOffset }, index) => ({
        topic: this.sources[index]!.topic,
        partition,
        offset: nextOffset,
      })),
    };
  }

  /** Before closing properly: the batch, and what the next owner would have to re-fold, if that is little. */
  async #commitLast(): Promise<void> {
    const { limits, clock } = this.settings;
    if (!this.#hasBatch && this.#checkpoint.dirty === 0 && this.#offsetsDueMs === Infinity) return;
    this.#offsetsDueMs = -Infinity;
    const few = this.#checkpoint.dirty <= limits.transactionInputs;
    try {
      await this.#transactor!.transact(this.#seal(clock.nowMs(), few).transaction);
    } catch (error) {
      // The next owner goes on from the last transaction that is there.
      this.settings.observer.failed?.(this.partition, asError(error));
    }
  }

  // Ending.

  get #isClosing(): boolean {
    return this.#state === 'closing' || this.#state === 'closed';
  }

  #move(to: TaskState): void {
    this.#state = step(this.#state, to);
    this.settings.observer.moved?.(this.partition, to);
  }

  #beginClosing(): void {
    this.#move('closing');
    this.#wakeAt(Infinity);
    this.#cancelPace?.();
  }

  async #end(): Promise<void> {
    const transactor = this.#transactor;
    this.#transactor = undefined;
    this.#move('closed');
    if (transactor !== undefined) await quietly(transactor.close());
  }

  #fail(error: Error): void {
    if (this.#isClosing) return;
    void this.abandon();
    this.owner.failed(this, error);
  }

  #handle(): TaskHandle {
    return {
      partition: this.partition,
      write: (topic, key, value, headers) => {
        this.#outbox.write(topic, key, value, headers);
      },
      appliedOffset: (input) => this.sources[input]!.takenOffset,
      arm: (id, deadlineMs) => {
        this.#wheel.arm(id, deadlineMs);
      },
      markDirty: (id) => {
        this.#checkpoint.markDirty(id);
      },
      markSaved: (id) => {
        this.#checkpoint.markSaved(id);
      },
    };
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** A transactor that failed may fail to close; there is nothing left of it to lose. */
async function quietly(closing: Promise<void>): Promise<void> {
  try {
    await closing;
  } catch {
    return;
  }
}

function sentence(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
