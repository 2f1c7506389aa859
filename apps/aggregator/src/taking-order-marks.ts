// Where the order in which inputs are taken is not that of their times, for whoever folds them again. Invariant: between two
// marked points, and before, after and without any, inputs were taken by time, activity first at equal times. Marks are rare: the
// task takes inputs by time as far as it can know.
import { INPUTS, ORDER_KEY, encodeSnapshotRecord, type OrderPoint, type TopicNames } from '#libs/contracts';
import type { Position, TaskHandle } from '#libs/processing';

const ACTIVITY = INPUTS.indexOf('activity');
const COMMANDS = INPUTS.indexOf('commands');

export class TakingOrderMarks {
  /** Of each input the last offset taken and its settled time. */
  readonly #taken = INPUTS.map(() => -1);
  readonly #reachedMs = INPUTS.map(() => -Infinity);
  /** The input taken last; −1 = not known. */
  #last = -1;
  #points: OrderPoint[] = [];

  constructor(
    private readonly handle: TaskHandle,
    private readonly topics: TopicNames,
  ) {}

  /** Goes on from where the owner before came to. */
  start(inputs: readonly Position[]): void {
    for (const [input, { reachedMs }] of inputs.entries()) {
      this.#taken[input] = this.handle.appliedOffset(input);
      this.#reachedMs[input] = reachedMs;
    }
  }

  /** A record is being taken. */
  take(input: number, offset: number, tMs: number): void {
    const otherMs = this.#reachedMs[1 - input]!;
    if (this.#last !== input && (input === ACTIVITY ? tMs <= otherMs : tMs < otherMs)) {
      this.#points.push([this.#taken[ACTIVITY]!, this.#taken[COMMANDS]!]);
    }
    this.#last = input;
    this.#taken[input] = offset;
    this.#reachedMs[input] = tMs;
  }

  /** Writes the points of the batch, if there are any. */
  flush(): void {
    if (this.#points.length === 0) return;
    const points = this.#points;
    this.#points = [];
    this.handle.write(this.topics.snapshots, ORDER_KEY, encodeSnapshotRecord({ kind: 'order', points }));
  }
}
