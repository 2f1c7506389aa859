// What a task writes: it collects the batch being folded and commits it, one transaction after the other. Invariants: a
// transaction begins only after the one before is acknowledged; after an error none begins any more; each ends with the
// progress that it stands for. It stands apart from the task, which decides what is folded and knows nothing of how it lasts.
import type { Transaction, Transactor } from '#libs/event-log';
import type { Fold } from './fold.js';
import { BatchOutbox } from './outbox.js';
import type { LostRange, Position, Progress } from './progress.js';
import { RollingCheckpoint } from './rolling-checkpoint.js';
import { asError, quietly } from './stops.js';
import type { TaskSettings } from './task-settings.js';

const LONGEST_PACE_MS = 100;
/** While catching up nobody waits for the newest input: fewer, fuller transactions cost log and task less. */
const CATCHING_UP_PACE_MS = 500;
const CATCHING_UP_OFFSETS_MS = 1_000;
/** However long it takes: what a transaction costs besides must be worth it. */
const LEAST_INPUTS = 1_000;
/** What is done again once they are not long any more, in steps, lest the next be long again. */
const GROWTH = 1.25;

export interface BatchWriterParts {
  readonly partition: number;
  readonly settings: TaskSettings;
  readonly fold: () => Fold;
  /** Where the inputs stand now. */
  readonly positions: () => readonly Position[];
  /** Every timer has fired up to this time, milliseconds; −Infinity = none has. */
  readonly timersMs: () => number;
  /** A transaction is acknowledged, or the next one may begin: the task should have its turn. */
  readonly onReady: () => void;
  readonly onCommitted: () => void;
  readonly onFailed: (error: Error) => void;
}

interface Sealed {
  readonly transaction: Transaction;
  readonly positions: readonly Position[];
  readonly swept: number;
}

export class BatchWriter {
  readonly checkpoint: RollingCheckpoint;
  /** Inputs and timers of the batch being folded. */
  inputs = 0;
  timers = 0;
  /** Spent folding it, milliseconds. */
  foldMs = 0;
  /** Inputs, and timers, at which a transaction is closed now. */
  #most: number;
  #outbox: BatchOutbox;
  #transactor: Transactor | undefined;
  #acceptedLoss: readonly LostRange[] = [];
  #committing: Promise<void> | undefined;
  /** When the last transaction began. */
  #begunMs = -Infinity;
  /** When the next one may begin; a full batch does not wait for it. */
  #dueMs = -Infinity;
  #isLive = false;
  #cancelPace: (() => void) | undefined;
  #offsetsDueMs = Infinity;
  /** A batch was committed while catching up, and none since that has caught up. */
  #isBehind = false;
  #state: 'new' | 'open' | 'broken' | 'closed' = 'new';

  constructor(private readonly parts: BatchWriterParts) {
    this.#outbox = new BatchOutbox(parts.partition);
    this.checkpoint = new RollingCheckpoint(parts.settings.limits);
    this.#most = parts.settings.limits.transactionInputs;
  }

  get outbox(): BatchOutbox {
    return this.#outbox;
  }

  get isCommitting(): boolean {
    return this.#committing !== undefined;
  }

  get hasBatch(): boolean {
    return this.inputs > 0 || this.timers > 0 || this.#outbox.count > 0;
  }

  get isFull(): boolean {
    const { transactionBytes } = this.parts.settings.limits;
    return this.inputs >= this.#most || this.timers >= this.#most || this.#outbox.bytes >= transactionBytes;
  }

  /** Timers that may be fired into the batch; 1 at least. */
  get timersLeft(): number {
    return Math.max(1, this.#most - this.timers);
  }

  /** The transactor that fenced the owner before. */
  fenced(transactor: Transactor): void {
    if (this.#state === 'closed') this.#closeQuietly(transactor);
    else this.#transactor = transactor;
  }

  /** Goes on from what the owner before left, with what was re-folded since its checkpoint. */
  open({ inputs, checkpoint, acceptedLoss }: Progress): void {
    this.#state = 'open';
    this.#acceptedLoss = acceptedLoss;
    this.checkpoint.resume(checkpoint, inputs, this.#nowMs);
  }

  /** When something must be written although nothing happens; Infinity = nothing, or it is due already and will be. */
  aheadMs(): number {
    const dueMs = this.#quietDueMs();
    return dueMs > this.#nowMs ? dueMs : Infinity;
  }

  /** Commits if there is something, and now is the time: at once when it was quiet; under load paced. */
  commitInTime(isLive: boolean): void {
    // What was paced for catching up is not waited for by those who are live.
    if (isLive && !this.#isLive) this.#dueMs = -Infinity;
    this.#isLive = isLive;
    if (this.#committing !== undefined || this.#state !== 'open') return;
    if (!this.hasBatch && !(isLive && this.#nowMs >= this.#quietDueMs())) return;
    const nowMs = this.#nowMs;
    // Before the last one began: the clock stepped back, and nobody waits for it to come round again.
    if (this.isFull || nowMs >= this.#dueMs || nowMs < this.#begunMs) this.#start();
    else {
      this.#cancelPace ??= this.parts.settings.clock.wakeAt(this.#dueMs, () => {
        this.#cancelPace = undefined;
        this.parts.onReady();
      });
    }
  }

  /** Before closing properly: the batch, and what the next owner would have to re-fold, if that is little. */
  async commitLast(): Promise<void> {
    await this.#committing;
    if (this.#state !== 'open') return;
    if (!this.hasBatch && this.checkpoint.dirty === 0 && this.#offsetsDueMs === Infinity) return;
    this.#offsetsDueMs = -Infinity;
    const { drainedRegisters, drainMs } = this.parts.settings.limits;
    const untilMs = this.#nowMs + drainMs;
    const isLittle = this.checkpoint.dirty <= drainedRegisters;
    try {
      do await this.#transactor!.transact(this.#seal(this.#nowMs, isLittle).transaction);
      while (isLittle && this.checkpoint.dirty > 0 && this.#nowMs < untilMs);
    } catch (error) {
      // The next owner goes on from the last transaction that is there.
      this.parts.settings.observer.failed?.(this.parts.partition, asError(error));
    }
  }

  /** A transaction under way may end; what is not in one is thrown away. */
  async close(): Promise<void> {
    this.#cancelPace?.();
    await this.#committing;
    this.#state = 'closed';
    const transactor = this.#transactor;
    this.#transactor = undefined;
    if (transactor !== undefined) await quietly(transactor.close());
  }

  get #nowMs(): number {
    return this.parts.settings.clock.nowMs();
  }

  /** Group offsets that lag behind, registers that have been only in memory for long, what the fold has to do besides. */
  #quietDueMs(): number {
    return Math.min(this.#offsetsDueMs, this.#sweepDueMs(), this.parts.fold().flushDueMs?.() ?? Infinity);
  }

  #sweepDueMs(): number {
    const { quietSweepMs } = this.parts.settings.limits;
    return this.checkpoint.dirty > 0 ? this.checkpoint.sweepStartMs + quietSweepMs : Infinity;
  }

  #start(): void {
    this.#cancelPace?.();
    this.#cancelPace = undefined;
    this.#committing = this.#commit().then(
      () => {
        this.#committing = undefined;
        this.parts.onReady();
      },
      (error: unknown) => {
        this.#committing = undefined;
        this.#state = 'broken';
        this.parts.onFailed(asError(error));
      },
    );
  }

  async #commit(): Promise<void> {
    const startedMs = this.#nowMs;
    this.#begunMs = startedMs;
    const { inputs, foldMs } = this;
    const { isFull } = this;
    const isQuiet = !this.hasBatch && this.#sweepDueMs() <= startedMs;
    const { transaction, positions, swept } = this.#seal(startedMs, isQuiet);
    await this.#transactor!.transact(transaction);
    const tookMs = this.#nowMs - startedMs;
    const { partition, settings } = this.parts;
    const pacedMs = Math.min(tookMs * settings.limits.pace, LONGEST_PACE_MS);
    this.#dueMs = startedMs + (this.#isLive ? pacedMs : CATCHING_UP_PACE_MS);
    this.#fit(tookMs, isFull);
    this.parts.onCommitted();
    const records = transaction.appends.reduce((sum, append) => sum + append.records.length, 0);
    settings.observer.committed?.({ partition, positions, inputs, records, swept, tookMs, foldMs });
  }

  #fit(tookMs: number, wasFull: boolean): void {
    const { transactionInputs, longTransactionMs } = this.parts.settings.limits;
    if (tookMs >= longTransactionMs) {
      // One that was not full took long for another reason.
      if (wasFull) this.#most = Math.max(Math.min(LEAST_INPUTS, transactionInputs), this.#most >> 1);
    } else {
      const growth = tookMs * 2 < longTransactionMs ? 2 : GROWTH;
      this.#most = Math.min(transactionInputs, Math.ceil(this.#most * growth));
    }
  }

  /** Closes the batch: what the fold must write, a few of the longest-dirty ids, and at the end the progress. */
  #seal(nowMs: number, sweepsAll: boolean): Sealed {
    const { settings, fold } = this.parts;
    const { inputs } = this;
    fold().flush(nowMs);
    const quota = this.checkpoint.quota({ inputs, records: this.#outbox.count + 1, nowMs });
    const swept = this.#sweep(sweepsAll ? settings.limits.transactionInputs : quota);
    const positions = this.parts.positions();
    this.checkpoint.endBatch(positions, nowMs);
    const { codec, progress } = settings.topology;
    const checkpoint = this.checkpoint.positions;
    const timersMs = this.parts.timersMs();
    const progressNow = { inputs: positions, checkpoint, acceptedLoss: this.#acceptedLoss };
    const value = codec.encode(timersMs === -Infinity ? progressNow : { ...progressNow, timersMs });
    const appends = this.#outbox.seal(progress, { key: codec.key, value });
    this.#outbox = new BatchOutbox(this.parts.partition);
    this.inputs = 0;
    this.timers = 0;
    this.foldMs = 0;
    const offsets = this.#groupOffsets(positions, nowMs, inputs > 0);
    return { transaction: offsets === undefined ? { appends } : { appends, offsets }, positions, swept };
  }

  #sweep(count: number): number {
    let swept = 0;
    for (; swept < count && this.checkpoint.oldest >= 0; swept += 1) {
      const id = this.checkpoint.oldest;
      this.parts.fold().save(id);
      this.checkpoint.markSaved(id);
    }
    return swept;
  }

  /**
   * For lag tools only: with a transaction now and then, and with one of its own soon after the last input. Whoever watches a task
   * catch up sees it move, and sees at once when it has caught up.
   */
  #groupOffsets(positions: readonly Position[], nowMs: number, moved: boolean): Transaction['offsets'] {
    const { partition, settings } = this.parts;
    const { groupOffsetsEveryMs } = settings.limits;
    if (moved && this.#offsetsDueMs === Infinity) {
      const restMs = this.#isLive ? groupOffsetsEveryMs : Math.min(groupOffsetsEveryMs, CATCHING_UP_OFFSETS_MS);
      this.#offsetsDueMs = nowMs + restMs;
    }
    const hasCaughtUp = this.#isBehind && this.#isLive;
    this.#isBehind = !this.#isLive;
    if (nowMs < this.#offsetsDueMs && !hasCaughtUp) return undefined;
    this.#offsetsDueMs = Infinity;
    const { inputs } = settings.topology;
    return {
      group: settings.group,
      positions: positions.map(({ nextOffset }, index) => ({ topic: inputs[index]!, partition, offset: nextOffset })),
    };
  }

  #closeQuietly(transactor: Transactor): void {
    quietly(transactor.close()).catch((error: unknown) => {
      this.parts.settings.observer.failed?.(this.parts.partition, asError(error));
    });
  }
}
