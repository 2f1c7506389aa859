// One partition's inputs folded again, by the very functions of the engine, in the order in which they were taken: by time,
// activity first at equal times, through every point that is known to have been passed. Invariant: nothing here reads a log, a
// clock or a file; what lacks is asked for in a word, and what was told is kept until somebody compares it.
import { decodeInput } from '#apps/aggregator';
import { INPUTS, encodeChange, type Cause, type OrderPoint } from '#libs/contracts';
import { partitionOf, type LogRecord } from '#libs/event-log';
import {
  Aggregate,
  fireDeadlines,
  takeActivity,
  takeCommand,
  type ActivityInput,
  type Change,
  type CommandInput,
  type Folding,
  type Policy,
} from '#libs/presence';
import { RecordFeed } from './record-feed.js';

export const ACTIVITY = INPUTS.indexOf('activity');
export const COMMANDS = INPUTS.indexOf('commands');

/** Where a re-fold begins: a snapshot's registers and what was known of the inputs then. */
export interface RefoldStart {
  readonly partition: number;
  readonly partitions: number;
  readonly policy: Policy;
  readonly users: Map<string, Aggregate>;
  /** Last offset taken of each input, −1 = none. */
  readonly taken: OrderPoint;
  /** The time that each input had reached, milliseconds. */
  readonly reachedMs: readonly [number, number];
  /** Points passed later, in their order. */
  readonly order: readonly OrderPoint[];
}

/** A change as the inputs make it. */
export interface ToldChange {
  readonly userId: string;
  readonly change: Change;
  /** As it is stored. */
  readonly text: string;
  readonly point: OrderPoint;
}

/** `there` = the point is reached; `told` = a change waits; an input's name = records of it are needed. */
export type Advance = 'there' | 'told' | 'activity' | 'commands';

export class PartitionRefold {
  readonly feeds: readonly [RecordFeed, RecordFeed] = [new RecordFeed(), new RecordFeed()];
  readonly users: Map<string, Aggregate>;
  /** Last offset taken of each input. */
  readonly taken: [number, number];
  /** Records taken, rejected ones included. */
  inputs = 0;
  told: ToldChange[] = [];
  readonly #reachedMs: [number, number];
  readonly #folding: Folding;
  #nextOrder = 0;
  #userId = '';
  #input = 0;
  #offset = 0;

  constructor(readonly beginning: RefoldStart) {
    const start = beginning;
    this.users = start.users;
    this.taken = [...start.taken];
    this.#reachedMs = [...start.reachedMs];
    this.#folding = { policy: start.policy, sink: (change) => this.#tell(change) };
  }

  get policy(): Policy {
    return this.beginning.policy;
  }

  /** Whether everything up to a point, and nothing behind it on either input, may still be taken. */
  isPast([activity, commands]: OrderPoint): boolean {
    return this.taken[ACTIVITY]! > activity || this.taken[COMMANDS]! > commands;
  }

  /** Takes inputs until the point is reached, a change is told, or records lack. */
  advance(point: OrderPoint): Advance {
    while (this.told.length === 0) {
      const stop = this.#stopBefore(point);
      const activity = this.#headUpTo(ACTIVITY, stop[ACTIVITY]!);
      if (activity === 'lacks') return 'activity';
      const command = this.#headUpTo(COMMANDS, stop[COMMANDS]!);
      if (command === 'lacks') return 'commands';
      if (activity !== undefined && (command === undefined || this.#isFirst(activity, command))) {
        this.#take(ACTIVITY, activity);
      } else if (command !== undefined) this.#take(COMMANDS, command);
      else {
        // Offsets that hold nothing, as an aborted transaction leaves them, count as taken.
        this.taken[ACTIVITY] = Math.max(this.taken[ACTIVITY]!, stop[ACTIVITY]!);
        this.taken[COMMANDS] = Math.max(this.taken[COMMANDS]!, stop[COMMANDS]!);
        if (stop === point) return 'there';
      }
    }
    return 'told';
  }

  /** Applies a user's deadlines up to a time, as the engine's timers do. */
  fire(userId: string, uptoMs: number): void {
    const aggregate = this.users.get(userId);
    if (aggregate === undefined) return;
    this.#userId = userId;
    fireDeadlines(aggregate, uptoMs, this.#folding);
  }

  /** Applies everybody's deadlines up to a time, until one tells something. */
  fireAll(uptoMs: number): void {
    for (const [userId, { deadlineMs }] of this.users) {
      if (deadlineMs <= uptoMs) this.fire(userId, uptoMs);
      if (this.told.length > 0) return;
    }
  }

  #stopBefore(point: OrderPoint): OrderPoint {
    const { order } = this.beginning;
    for (; this.#nextOrder < order.length; this.#nextOrder += 1) {
      const passed = order[this.#nextOrder]!;
      if (passed[ACTIVITY]! > this.taken[ACTIVITY]! || passed[COMMANDS]! > this.taken[COMMANDS]!) {
        return passed[ACTIVITY]! <= point[ACTIVITY]! && passed[COMMANDS]! <= point[COMMANDS]! ? passed : point;
      }
    }
    return point;
  }

  #headUpTo(input: 0 | 1 | number, limit: number): LogRecord | 'lacks' | undefined {
    if (this.taken[input]! >= limit) return undefined;
    const feed = this.feeds[input]!;
    const { head } = feed;
    if (head !== undefined) return head.offset <= limit ? head : undefined;
    return feed.isEnded || feed.position > limit ? undefined : 'lacks';
  }

  #isFirst(activity: LogRecord, command: LogRecord): boolean {
    const [activityMs, commandsMs] = this.#reachedMs;
    return Math.max(activity.timestampMs, activityMs) <= Math.max(command.timestampMs, commandsMs);
  }

  #take(input: number, record: LogRecord): void {
    this.feeds[input]!.shift();
    const tMs = Math.max(record.timestampMs, this.#reachedMs[input]!);
    this.#reachedMs[input] = tMs;
    this.taken[input] = record.offset;
    this.inputs += 1;
    const decoded = decodeInput(input, record);
    if (!decoded.ok) return;
    const { userId } = decoded.record;
    const aggregate = this.users.get(userId) ?? this.#newUser(userId);
    if (aggregate === undefined) return;
    this.#userId = userId;
    this.#input = input;
    this.#offset = record.offset;
    const at = { tMs, offset: record.offset };
    if (input === ACTIVITY) takeActivity(aggregate, decoded.record.input as ActivityInput, at, this.#folding);
    else takeCommand(aggregate, decoded.record.input as CommandInput, at, this.#folding);
  }

  /** undefined = the user belongs to another partition, and its records here are rejected. */
  #newUser(userId: string): Aggregate | undefined {
    const { partition, partitions } = this.beginning;
    if (partitionOf(userId, partitions) !== partition) return undefined;
    const aggregate = new Aggregate();
    this.users.set(userId, aggregate);
    return aggregate;
  }

  #tell(change: Change): void {
    const userId = this.#userId;
    const [activity, commands] = this.taken;
    const applied = { ...(activity < 0 ? {} : { activity }), ...(commands < 0 ? {} : { commands }) };
    const cause = this.#causeOf(change);
    const text = encodeChange({ ...change, userId, cause, applied });
    this.told.push({ userId, change, text, point: [activity, commands] });
  }

  #causeOf(change: Change): Cause {
    if (change.kind === 'changed' && change.timer !== undefined) return { timer: change.timer };
    return { topic: INPUTS[this.#input]!, offset: this.#offset };
  }
}
