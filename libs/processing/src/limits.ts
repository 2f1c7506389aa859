// The sizes and spans of the loop, each with its default. Invariant: none of them changes what is told, only when.

export interface Limits {
  /** Queued records of one input above which its topic-partition is paused; it resumes at half. */
  readonly queuedRecords: number;
  readonly queuedBytes: number;
  /** A transaction is closed at this many inputs, even if the one before is still being committed. */
  readonly transactionInputs: number;
  /** Bytes of what a transaction writes, approximately. */
  readonly transactionBytes: number;
  /** A full one that takes longer hides news for long: the next is closed at half as many inputs; those that do not at more again. */
  readonly longTransactionMs: number;
  /** A loaded task's transactions begin no sooner than so many times the duration of the last one, so that they are large. */
  readonly pace: number;
  /** Inputs folded in one go before other work of the process gets its turn. */
  readonly sliceInputs: number;
  /** How much later than a deadline the engine acts on it while caught up (semantics.md section 3). */
  readonly settleMs: number;
  /** A head that is older than this is not taken past an input whose emptiness at that time is not proven. */
  readonly lagMs: number;
  /** The least time between two requests for the ends of the inputs. */
  readonly endsEveryMs: number;
  /** A sweep of the rolling checkpoint ends after this many inputs or this time, whichever is later. */
  readonly sweepInputs: number;
  readonly sweepMs: number;
  /** An idle task that still holds unwritten registers writes them after this time, lest retention pass its checkpoint. */
  readonly quietSweepMs: number;
  /**
   * A task that stops properly writes what is only in memory, if it is no more than so many ids and as long as it takes no longer
   * than this: what is not written the next owner folds again.
   */
  readonly drainedRegisters: number;
  readonly drainMs: number;
  /**
   * Take-overs that read at the same time: few, so that the first goes on early and not all of them late; more than one, so that
   * one folds what another waits for.
   */
  readonly restoredAtOnce: number;
  /** One that has read nothing for so long, since its log's leader is away, holds up no other. */
  readonly restoreStallMs: number;
  /** Group offsets, for lag tools only, are committed this often; more often while a task catches up. */
  readonly groupOffsetsEveryMs: number;
  /** The first pause before a failed member joins again; it doubles up to `retryMaxMs`. */
  readonly retryMs: number;
  readonly retryMaxMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  queuedRecords: 8_000,
  queuedBytes: 8 * 1024 * 1024,
  transactionInputs: 10_000,
  transactionBytes: 4 * 1024 * 1024,
  longTransactionMs: 2_000,
  pace: 4,
  sliceInputs: 2_000,
  settleMs: 250,
  lagMs: 1_000,
  endsEveryMs: 50,
  sweepInputs: 1_000_000,
  sweepMs: 60_000,
  quietSweepMs: 600_000,
  drainedRegisters: 50_000,
  drainMs: 3_000,
  restoredAtOnce: 2,
  restoreStallMs: 1_000,
  groupOffsetsEveryMs: 5_000,
  retryMs: 100,
  retryMaxMs: 5_000,
};
