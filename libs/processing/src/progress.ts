// How far a task has come, as it is written with every transaction. Invariant: everything before a position is folded
// and told; everything before the checkpoint is in the registers as well. It stands apart because whoever waits for a
// task (a gateway after a PUT) and the next owner read nothing else.

/** A position in one input topic-partition. */
export interface Position {
  /** The next offset to be taken. */
  readonly nextOffset: number;
  /** The time that this topic-partition has reached, milliseconds; −Infinity = none yet. */
  readonly reachedMs: number;
}

/** Inputs that retention took before they were folded, and with which an operator said to go on. */
export interface LostRange {
  /** Index among the inputs. */
  readonly input: number;
  readonly fromOffset: number;
  /** The first offset that was still there. */
  readonly toOffset: number;
}

export interface Progress {
  /** One per input, in the order of the topology. */
  readonly inputs: readonly Position[];
  readonly checkpoint: readonly Position[];
  /** Oldest first. */
  readonly acceptedLoss: readonly LostRange[];
  /** Every deadline at or before it has been fired; milliseconds, absent = not known. */
  readonly timersMs?: number;
}

/** The stored form of progress; composition hands it in, so that the loop knows no format. */
export interface ProgressCodec {
  /** The key of the progress record. */
  readonly key: string;
  encode(progress: Progress): string;
  /** Throws when the stored text is none of ours. */
  decode(text: string): Progress;
}

/** The topics between which a task stands. All are co-partitioned except `rejected`. */
export interface Topology {
  /** In the order of precedence at equal times. */
  readonly inputs: readonly string[];
  /** Read to their stable ends at take-over, in this order. */
  readonly restored: readonly string[];
  /** Another: holds the progress record of each partition, which every transaction ends with. Read whole only if the fold asks. */
  readonly progress: string;
  /** What the fold writes beside those: nobody else does. Absent = nothing. */
  readonly written?: readonly string[];
  /** Where records go that cannot be decoded. */
  readonly rejected: string;
  readonly codec: ProgressCodec;
}
