// One partition's inputs folded again, by the very functions of the engine, in the order in which they were taken: by time,
// activity first at equal times, through every point that is known to have been passed. Invariant: nothing here reads a log, a
// clock or a file; what lacks is asked for in a word, and what was told is kept until somebody compares it.
import { KnownTexts, QuickInputs, decodeInput } from '#apps/aggregator';
import { INPUTS, type OrderPoint } from '#libs/contracts';
import { partitionOf, type LogRecord } from '#libs/event-log';
import {
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
import type { RefoldUsers } from './refold-users.js';
import { ToldChange } from './told-change.js';

export const ACTIVITY = INPUTS.indexOf('activity');
export const COMMANDS = INPUTS.indexOf('commands');

/** Where a re-fold begins: a snapshot's registers and what was known of the inputs then. */
export interface RefoldStart {
  readonly partition: number;
  readonly partitions: number;
  readonly policy: Policy;
  readonly users: RefoldUsers;
  /** Last offset taken of each input, −1 = none. */
  readonly taken: OrderPoint;
  /** The time that each input had reached, milliseconds. */
  readonly reachedMs: readonly [number, number];
  /** Points passed later, in their order. */
  readonly order: readonly OrderPoint[];
}

/** `there` = the point is reached; `told` = a change waits; an input's name = records of it are needed. */
export type Advance = 'there' | 'told' | 'activity' | 'commands';

export class PartitionRefold {
  readonly feeds: readonly [RecordFeed, RecordFeed] = [new RecordFeed(), new RecordFeed()];
  readonly users: RefoldUsers;
  /** Last offset taken of each input. */
  readonly taken: [number, number];
  /** Records taken, rejected ones included. */
  inputs = 0;
  told: ToldChange[] = [];
  readonly #reachedMs: [number, number];
  readonly #folding: Folding;
  readonly #quick: QuickInputs;
  #nextOrder = 0;
  /** Whose change the sink is told, and the input being taken. */
  #current = -1;
  #input = 0;
  /** Used again for every input: the domain reads it and keeps nothing of it. */
  readonly #at = { tMs: 0, offset: -1 };

  constructor(readonly beginning: RefoldStart) {
    const start = beginning;
    this.users = start.users;
    this.taken = [...start.taken];
    this.#reachedMs = [...start.reachedMs];
    this.#quick = new QuickInputs(start.users.numbers, new KnownTexts(), (userId) => this.#enter(userId));
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
  fire(id: number, uptoMs: number): void {
    if (id < 0) return;
    this.#current = id;
    fireDeadlines(this.users.aggregate(id), uptoMs, this.#folding);
  }

  /** Applies everybody's deadlines up to a time, until one tells something. */
  fireAll(uptoMs: number): void {
    for (let id = 0; id < this.users.size; id += 1) {
      if (this.users.aggregate(id).deadlineMs <= uptoMs) this.fire(id, uptoMs);
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
    this.#at.tMs = tMs;
    this.#at.offset = record.offset;
    this.#input = input;
    const known = input === ACTIVITY ? this.#quick.find(record) : this.#quick.findCommand(record);
    if (known < 0) return this.#takeDecoded(input, record);
    this.#current = known;
    const aggregate = this.users.aggregate(known);
    if (input === ACTIVITY) takeActivity(aggregate, this.#quick.input(), this.#at, this.#folding);
    else takeCommand(aggregate, this.#quick.command(), this.#at, this.#folding);
  }

  #takeDecoded(input: number, record: LogRecord): void {
    const decoded = decodeInput(input, record);
    if (!decoded.ok) return;
    this.#current = this.#idHere(decoded.record.userId);
    if (this.#current < 0) return;
    const aggregate = this.users.aggregate(this.#current);
    if (input === ACTIVITY) takeActivity(aggregate, decoded.record.input as ActivityInput, this.#at, this.#folding);
    else takeCommand(aggregate, decoded.record.input as CommandInput, this.#at, this.#folding);
  }

  /** −1 = the user belongs to another partition, and its records here are rejected. */
  #idHere(userId: string): number {
    const found = this.users.numbers.numberOf(userId);
    return found >= 0 ? found : this.#enter(userId);
  }

  /** The same of a user who is not known. */
  #enter(userId: string): number {
    const { partition, partitions } = this.beginning;
    return partitionOf(userId, partitions) === partition ? this.users.add(userId) : -1;
  }

  #tell(change: Change): void {
    const [activity, commands] = this.taken;
    const { offset } = this.#at;
    const circumstances = { topic: INPUTS[this.#input]!, offset, activity, commands };
    this.told.push(new ToldChange(this.users.numbers, this.#current, change, circumstances));
  }
}
