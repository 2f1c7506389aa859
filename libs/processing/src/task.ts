// One partition's loop: takes inputs in the order of their times and fires timers. Invariants: nothing is taken once the
// task is closing; after any error everything in memory is thrown away; timers fire only up to a time before which no
// input will come any more. Folding is synchronous: while one batch is being committed the next is folded, which is safe
// because its outputs wait for that commit, and go with it if it fails.
import type { LogRecord, RecordBatch } from '#libs/event-log';
import { BatchWriter } from './batch-writer.js';
import type { Fold, TaskHandle } from './fold.js';
import { InputSource } from './input-source.js';
import { AWAITED, UNPROVEN, choose, horizonOf } from './merge.js';
import type { Position } from './progress.js';
import { AbandonedError, CannotDecodeError, CannotProcessError, asError } from './stops.js';
import { takeOver } from './take-over.js';
import type { TaskOwner, TaskSettings } from './task-settings.js';
import { step, type TaskState } from './task-states.js';
import { TimingWheel } from './timing-wheel.js';

export class Task {
  readonly fold: Fold;
  readonly sources: readonly InputSource[];
  readonly #writer: BatchWriter;
  readonly #wheel = new TimingWheel(0);
  readonly #paused = new Set<InputSource>();
  #state: TaskState = 'restoring';
  #timeMs = -Infinity;
  /** Of each input; 0 = not asked yet. */
  #partitions = 0;
  readonly #stopwatchMs: () => number;
  /** Of the timers being fired. */
  #firstDueMs = Infinity;
  #isScheduled = false;
  #wakeMs = Infinity;
  #cancelWake: (() => void) | undefined;
  /** Where the inputs ended when catching up began. */
  #liveFrom: readonly number[] | undefined;

  constructor(
    readonly partition: number,
    private readonly settings: TaskSettings,
    private readonly owner: TaskOwner,
  ) {
    this.#stopwatchMs = settings.stopwatchMs ?? (() => 0);
    this.sources = settings.topology.inputs.map((topic) => new InputSource(topic));
    this.#writer = new BatchWriter({
      partition,
      settings,
      fold: () => this.fold,
      positions: () => this.positions,
      timersMs: () => this.#timersMs,
      onReady: () => {
        this.#schedule();
      },
      onCommitted: () => {
        owner.committed();
      },
      onFailed: (error) => {
        this.#fail(error);
      },
    });
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

  /** Timers armed, and of them those whose deadline has passed; looks at every id. */
  countTimers(nowMs: number): { readonly armed: number; readonly due: number } {
    return this.#wheel.count(nowMs);
  }

  /** No timer at or before it is still to fire; less than `timeMs` while a full batch holds some back. */
  get #timersMs(): number {
    return Math.floor(Math.min(this.#timeMs, Math.ceil(this.#wheel.nextMs) - 1));
  }

  /** How many ids are only in memory as they are. */
  get dirty(): number {
    return this.#writer.checkpoint.dirty;
  }

  /** Nothing is queued, folded or under way, and no timer is due at or before that time. */
  isSettled(atMs: number): boolean {
    if (this.#state !== 'live' || this.#writer.isCommitting || this.#writer.hasBatch) return false;
    return this.sources.every(({ queuedRecords }) => queuedRecords === 0) && this.#wheel.firstDue(atMs) > atMs;
  }

  /** Fences, restores and re-folds; resolves to where each input goes on. */
  async restore(): Promise<readonly number[]> {
    const { log, clock, topology, acceptLoss, observer, transactionalIdOf } = this.settings;
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
      inTurn: (read) => this.owner.inTurn(read),
      onRead: (passed, total) => observer.restoring?.({ partition, passed, total }),
      onTransactor: (transactor) => {
        this.#writer.fenced(transactor);
      },
      onPartitions: (partitions) => {
        this.#partitions = partitions;
      },
    });
    if (this.#isClosing) throw new AbandonedError('closed while restoring');
    for (const [index, position] of progress.inputs.entries()) {
      this.sources[index]!.start(position, known ? position.nextOffset - 1 : -1);
    }
    // What has not fired yet is due later than this, and so fires in the order of its deadlines.
    this.#wheel.passTo(progress.timersMs ?? Math.max(...progress.inputs.map(({ reachedMs }) => reachedMs)));
    fold.restored(progress, clock.nowMs());
    this.#writer.open(progress);
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
    const isFull = source.queuedRecords >= queuedRecords || source.queuedBytes >= queuedBytes;
    if (isFull && !this.#paused.has(source)) {
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
    await this.#writer.close();
    this.#move('closed');
  }

  /** Stops properly: what is folded is committed, and so is what is only in memory, if that is little. */
  async drain(): Promise<void> {
    if (this.#isClosing) return;
    this.#beginClosing();
    await this.#writer.commitLast();
    await this.#writer.close();
    this.#move('closed');
  }

  // Folding.

  #schedule(): void {
    if (this.#isScheduled || this.#isClosing) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#turn();
    });
  }

  /** One turn of the loop: a slice of inputs and timers, then a transaction if it is time for one. */
  #turn(): void {
    if (this.#isClosing || this.#state === 'restoring') return;
    try {
      const begunMs = this.#stopwatchMs();
      const hasMore = this.#foldSlice();
      this.#writer.foldMs += this.#stopwatchMs() - begunMs;
      this.#becomeLive();
      this.#resumeInputs();
      this.#writer.commitInTime(this.#state === 'live');
      if (hasMore && !this.#writer.isFull) this.#schedule();
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
      if (this.#writer.isFull) return true;
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
    this.#firstDueMs = Infinity;
    const fired = this.#wheel.advance(this.#timeMs, this.#fire, this.#writer.timersLeft);
    this.#writer.timers += fired;
    if (fired > 0) {
      const lateMs = Math.max(0, this.settings.clock.nowMs() - this.#firstDueMs);
      this.settings.observer.fired?.(this.partition, fired, lateMs);
    }
    return this.#wheel.nextMs > this.#timeMs;
  }

  readonly #fire = (id: number, dueMs: number): void => {
    if (dueMs < this.#firstDueMs) this.#firstDueMs = dueMs;
    try {
      this.fold.fire(id, dueMs);
    } catch (error) {
      const what = `a timer of id ${id} in partition ${this.partition} at ${dueMs}`;
      throw new CannotProcessError(`${what} cannot be processed: ${asError(error).message}`, { cause: error });
    }
  };

  #takeFrom(index: number): void {
    const source = this.sources[index]!;
    const record = source.take();
    this.#wheel.passTo(source.reachedMs);
    this.#writer.inputs += 1;
    let reason: string | undefined;
    try {
      reason = this.fold.take(index, record, source.reachedMs)?.reason;
    } catch (error) {
      reason = `cannot be processed: ${asError(error).message}`;
      if (this.settings.policies.cannotProcess === 'stop') {
        throw new CannotProcessError(`${this.#nameOf(source, record)} ${reason}`, { cause: error });
      }
    }
    if (reason !== undefined) this.#reject(source, record, reason);
  }

  #reject(source: InputSource, record: LogRecord, reason: string): void {
    const { policies, topology, observer } = this.settings;
    if (policies.cannotDecode === 'stop') {
      throw new CannotDecodeError(`${this.#nameOf(source, record)} cannot be decoded: ${reason}`);
    }
    const { topic } = source;
    this.#writer.outbox.reject(topology.rejected, { topic, partition: this.partition, record, reason });
    observer.rejected?.(topic, this.partition, record.offset, reason);
  }

  #nameOf({ topic }: InputSource, { offset }: LogRecord): string {
    return `${topic}-${this.partition} offset ${offset}`;
  }

  /** Live = everything has been taken that was there when catching up began. */
  #becomeLive(): void {
    const target = this.#liveFrom;
    if (this.#state !== 'catching-up' || target === undefined) return;
    if (this.sources.every(({ position }, index) => position.nextOffset >= target[index]!)) this.#move('live');
  }

  #resumeInputs(): void {
    const { queuedRecords, queuedBytes } = this.settings.limits;
    for (const source of this.#paused) {
      if (source.queuedRecords * 2 > queuedRecords || source.queuedBytes * 2 > queuedBytes) continue;
      this.#paused.delete(source);
      this.owner.resume(source.topic, this.partition);
    }
  }

  // Waiting.

  /** Nothing can be taken: asks for the ends if that helps now, else sets the clock for when it will. */
  #waitFor(why: number, provableMs: number, slackMs: number): void {
    const isUnknown = this.sources.some(({ endKnown }) => !endKnown);
    if (isUnknown || why === UNPROVEN) this.owner.wantEnds();
    if (isUnknown || why === AWAITED) return;
    // Were the ends asked for now, timers might fire up to here.
    let reachableMs = provableMs;
    for (const { headMs } of this.sources) if (headMs < reachableMs) reachableMs = headMs;
    const dueMs = this.#wheel.firstDue(reachableMs);
    if (dueMs <= reachableMs) this.owner.wantEnds();
    else this.#wakeAt(Math.min(dueMs + slackMs, this.#writer.aheadMs()));
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
  }

  /** The owner throws the task away. */
  #fail(error: Error): void {
    if (!this.#isClosing) this.owner.failed(error);
  }

  #handle(): TaskHandle {
    const partitions = (): number => this.#partitions;
    return {
      partition: this.partition,
      get partitions() {
        return partitions();
      },
      write: (topic, key, value, headers) => {
        this.#writer.outbox.write(topic, key, value, headers);
      },
      appliedOffset: (input) => this.sources[input]!.takenOffset,
      arm: (id, deadlineMs) => {
        this.#wheel.arm(id, deadlineMs);
      },
      markDirty: (id) => {
        this.#writer.checkpoint.markDirty(id);
      },
      markSaved: (id) => {
        this.#writer.checkpoint.markSaved(id);
      },
    };
  }
}
