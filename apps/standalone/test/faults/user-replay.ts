// One user's inputs folded again beside what was told of it: by the plain model, which knows the semantics and nothing of our
// domain, engine, batches or log. The two topics are merged by time where the history leaves the order open; if that does not
// give what was told, every other order of the records between two changes is tried. Invariant: a history passes only if some
// such order gives exactly it.
import type { ChangeRecord } from '#libs/contracts';
import type { View } from '#libs/presence';
import {
  PlainModel,
  type PlainCause,
  type PlainInput,
  type PlainPolicy,
  type PlainShown,
  type PlainTold,
} from '#libs/testing';

export interface UserStory {
  readonly userId: string;
  readonly activity: readonly PlainInput[];
  readonly commands: readonly PlainInput[];
  /** As told, in the order of the log. */
  readonly changes: readonly ChangeRecord[];
}

export interface ReplayVerdict {
  readonly fault?: string;
  readonly timers: number;
  /** How often another order than that of times was needed. */
  readonly reordered: number;
  /** Timers that were told before an input with an earlier time was taken. */
  readonly late: number;
  /** Whether there is such a user in the end; undefined when there is a fault. */
  readonly exists?: boolean;
}

/** Later than every deadline. */
const END_OF_TIME_MS = Number.MAX_SAFE_INTEGER;
/** Orders tried at most between two changes. */
const MOST_STEPS = 20_000;

export function replayUser(story: UserStory, policy: PlainPolicy): ReplayVerdict {
  const replay = new Replay(story, policy);
  const fault = replay.run();
  const { timers, reordered, late } = replay;
  return fault === undefined
    ? { timers, reordered, late, exists: replay.exists }
    : { timers, reordered, late, fault: `${story.userId}: ${fault}` };
}

class Replay {
  timers = 0;
  reordered = 0;
  late = 0;
  #model: PlainModel;
  #told: PlainTold[] = [];
  #steps = 0;

  constructor(
    private readonly story: UserStory,
    policy: PlainPolicy,
  ) {
    this.#model = new PlainModel(policy);
  }

  get exists(): boolean {
    return this.#model.exists;
  }

  run(): string | undefined {
    const { activity, commands, changes } = this.story;
    let [takenActivity, takenCommands] = [0, 0];
    for (let first = 0; first < changes.length;) {
      const { applied } = changes[first]!;
      const untilActivity = countTo(activity, applied.activity ?? -1);
      const untilCommands = countTo(commands, applied.commands ?? -1);
      if (untilActivity < takenActivity || untilCommands < takenCommands)
        return `${name(changes[first])} goes back in its inputs`;
      let end = first + 1;
      while (end < changes.length && this.#sameBox(changes[first]!, changes[end]!)) end += 1;
      const box = [activity.slice(takenActivity, untilActivity), commands.slice(takenCommands, untilCommands)] as const;
      const fault = this.#takeBox(box, changes.slice(first, end));
      if (fault !== undefined) return fault;
      [takenActivity, takenCommands, first] = [untilActivity, untilCommands, end];
      this.#countLate(changes[end - 1]!, activity[takenActivity], commands[takenCommands]);
    }
    return this.#takeRest([activity.slice(takenActivity), commands.slice(takenCommands)]);
  }

  /** No input of this user was taken between the two. */
  #sameBox(one: ChangeRecord, other: ChangeRecord): boolean {
    const { activity, commands } = this.story;
    return (
      countTo(activity, one.applied.activity ?? -1) === countTo(activity, other.applied.activity ?? -1) &&
      countTo(commands, one.applied.commands ?? -1) === countTo(commands, other.applied.commands ?? -1)
    );
  }

  #countLate(last: ChangeRecord, ...next: readonly (PlainInput | undefined)[]): void {
    if ('timer' in last.cause && next.some((input) => input !== undefined && input.atMs < last.atMs)) this.late += 1;
  }

  #takeBox(box: Box, wanted: readonly ChangeRecord[]): string | undefined {
    const isOpen = box[0].length > 0 && box[1].length > 0;
    const before = isOpen ? this.#model.copy() : undefined;
    let first: string | undefined;
    this.#told = [];
    for (const input of byTime(box)) {
      this.#take(input);
      first ??= this.#prefixFault(wanted);
    }
    first ??= this.#fireWanted(wanted);
    if (first === undefined || before === undefined) return first;
    this.#steps = 0;
    if (!this.#search(before, box, [], wanted)) return first;
    this.reordered += 1;
    return undefined;
  }

  /** After the last change: nothing more may be told, whatever time passes. */
  #takeRest(box: Box): string | undefined {
    const fault = this.#takeBox(box, []);
    if (fault !== undefined) return fault;
    this.#fireUntil(END_OF_TIME_MS);
    return this.#prefixFault([]);
  }

  /** Some order of the box whose changes are the wanted ones; leaves the model as after it. */
  #search(
    before: PlainModel,
    [activity, commands]: Box,
    told: readonly PlainTold[],
    wanted: readonly ChangeRecord[],
  ): boolean {
    this.#steps += 1;
    if (this.#steps > MOST_STEPS) return false;
    if (activity.length === 0 && commands.length === 0) {
      this.#begin(before, told);
      return this.#fireWanted(wanted) === undefined;
    }
    const choices: readonly (readonly [PlainInput | undefined, Box])[] = [
      [activity[0], [activity.slice(1), commands]],
      [commands[0], [activity, commands.slice(1)]],
    ];
    for (const [input, rest] of choices) {
      if (input === undefined) continue;
      this.#begin(before, told);
      this.#take(input);
      if (this.#prefixFault(wanted) !== undefined) continue;
      if (this.#search(this.#model, rest, this.#told, wanted)) return true;
    }
    return false;
  }

  #begin(before: PlainModel, told: readonly PlainTold[]): void {
    this.#model = before.copy();
    this.#told = [...told];
  }

  /** What was told beyond what the inputs made must be timers, each at its own time. */
  #fireWanted(wanted: readonly ChangeRecord[]): string | undefined {
    for (let index = this.#told.length; index < wanted.length; index = this.#told.length) {
      const change = wanted[index]!;
      if (!('timer' in change.cause)) return `${name(change)} was told, and the fold makes none of it`;
      this.#fireUntil(change.atMs);
      const fault = this.#prefixFault(wanted);
      if (fault !== undefined) return fault;
      if (this.#told.length === index) return `${name(change)} was told, and no timer is due then`;
    }
    return this.#prefixFault(wanted);
  }

  #take(input: PlainInput): void {
    this.#told.push(...this.#model.take(input));
  }

  #fireUntil(nowMs: number): void {
    const told = this.#model.passTo(nowMs);
    this.#told.push(...told);
    this.timers += told.length;
  }

  #prefixFault(wanted: readonly ChangeRecord[]): string | undefined {
    for (const [index, told] of this.#told.entries()) {
      const [one, other] = [textOfTold(told), textOfRecord(wanted[index])];
      if (one !== other) return `the fold makes ${one} where ${other} was told`;
      const cause = wanted[index]!.cause;
      if (!isMadeBy(told.cause, cause))
        return `the fold makes ${one} by ${JSON.stringify(told.cause)} where ${JSON.stringify(cause)} was told`;
    }
    return undefined;
  }
}

type Box = readonly [readonly PlainInput[], readonly PlainInput[]];

/** How many inputs lie at or before an offset. */
function countTo(inputs: readonly PlainInput[], offset: number): number {
  let [low, high] = [0, inputs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (inputs[middle]!.offset <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function* byTime([activity, commands]: Box): Generator<PlainInput> {
  let [one, other] = [0, 0];
  while (one < activity.length || other < commands.length) {
    const [first, second] = [activity[one], commands[other]];
    if (second === undefined || (first !== undefined && first.atMs <= second.atMs)) {
      yield first!;
      one += 1;
    } else {
      yield second;
      other += 1;
    }
  }
}

/** What a fold made, and below what was told: everything but the cause. */
function textOfTold(told: PlainTold): string {
  const { kind, life, version, at_ts } = told;
  if (kind === 'forgotten') return JSON.stringify([kind, life, version, at_ts]);
  return JSON.stringify([
    kind,
    life,
    version,
    at_ts,
    ...shown(told),
    told.last_active_ts ?? null,
    ...shown(told.before),
  ]);
}

function textOfRecord(record: ChangeRecord | undefined): string {
  if (record === undefined) return 'nothing';
  const { kind, life, version, atMs } = record;
  if (kind === 'forgotten') return JSON.stringify([kind, life, version, atMs]);
  const { view, before } = record;
  return JSON.stringify([
    kind,
    life,
    version,
    atMs,
    ...toldView(view),
    view.lastActiveAtMs ?? null,
    ...toldView(before),
  ]);
}

function shown(view: PlainShown): unknown[] {
  return [view.presence, view.status_msg ?? null, view.currently_active];
}

function toldView(view: View): unknown[] {
  return [view.presence, view.statusMsg ?? null, view.currentlyActive];
}

function isMadeBy(made: PlainCause, told: ChangeRecord['cause']): boolean {
  if ('timers' in made) return 'timer' in told && made.timers.includes(told.timer);
  return 'topic' in told && told.topic === made.topic && told.offset === made.offset;
}

function name(change: ChangeRecord | undefined): string {
  const cause = change === undefined ? '' : ` by ${JSON.stringify(change.cause)}`;
  return `${textOfRecord(change)}${cause}`;
}
