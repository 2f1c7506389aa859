// One user's inputs folded again beside what was told of it: the domain's own fold, without engine, batches or log. The two
// topics are merged by time where the history leaves the order open; if that does not give what was told, every other order
// of the records between two changes is tried. Invariant: a history passes only if some such order gives exactly it.
import type { ChangeRecord, InputWord } from '#libs/contracts';
import {
  Aggregate,
  fireDeadlines,
  rearm,
  restore,
  snapshot,
  takeActivity,
  takeCommand,
  type ActivityInput,
  type AggregateSnapshot,
  type Change,
  type CommandInput,
  type Policy,
} from '#libs/presence';

export interface PlacedInput {
  readonly topic: InputWord;
  readonly offset: number;
  /** Settled: never earlier than its topic-partition had reached. */
  readonly tMs: number;
  readonly input: ActivityInput | CommandInput;
}

export interface UserStory {
  readonly userId: string;
  readonly activity: readonly PlacedInput[];
  readonly commands: readonly PlacedInput[];
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
  /** What the user shows in the end; undefined when there is a fault. */
  readonly aggregate?: Aggregate;
}

/** Later than every deadline. */
const END_OF_TIME_MS = Number.MAX_SAFE_INTEGER;
/** Orders tried at most between two changes. */
const MOST_STEPS = 20_000;

type Told = Change & { readonly cause: PlacedInput | undefined };

export function replayUser(story: UserStory, policy: Policy): ReplayVerdict {
  const replay = new Replay(story, policy);
  const fault = replay.run();
  const { timers, reordered, late } = replay;
  return fault === undefined
    ? { timers, reordered, late, aggregate: replay.aggregate }
    : { timers, reordered, late, fault: `${story.userId}: ${fault}` };
}

class Replay {
  aggregate = new Aggregate();
  timers = 0;
  reordered = 0;
  late = 0;
  #told: Told[] = [];
  #cause: PlacedInput | undefined;
  #steps = 0;

  constructor(
    private readonly story: UserStory,
    private readonly policy: Policy,
  ) {}

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

  #countLate(last: ChangeRecord, ...next: readonly (PlacedInput | undefined)[]): void {
    if ('timer' in last.cause && next.some((input) => input !== undefined && input.tMs < last.atMs)) this.late += 1;
  }

  #takeBox(box: Box, wanted: readonly ChangeRecord[]): string | undefined {
    const before = snapshot(this.aggregate);
    let first: string | undefined;
    this.#told = [];
    for (const input of byTime(box)) {
      this.#take(input);
      first ??= this.#prefixFault(wanted);
    }
    first ??= this.#fireWanted(wanted);
    if (first === undefined) return undefined;
    if (box[0].length === 0 || box[1].length === 0) return first;
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

  /** Some order of the box whose changes are the wanted ones; leaves the aggregate as after it. */
  #search(
    before: AggregateSnapshot,
    [activity, commands]: Box,
    told: readonly Told[],
    wanted: readonly ChangeRecord[],
  ): boolean {
    this.#steps += 1;
    if (this.#steps > MOST_STEPS) return false;
    if (activity.length === 0 && commands.length === 0) {
      this.#begin(before, told);
      return this.#fireWanted(wanted) === undefined;
    }
    const choices: readonly (readonly [PlacedInput | undefined, Box])[] = [
      [activity[0], [activity.slice(1), commands]],
      [commands[0], [activity, commands.slice(1)]],
    ];
    for (const [input, rest] of choices) {
      if (input === undefined) continue;
      this.#begin(before, told);
      this.#take(input);
      if (this.#prefixFault(wanted) !== undefined) continue;
      if (this.#search(snapshot(this.aggregate), rest, this.#told, wanted)) return true;
    }
    return false;
  }

  #begin(before: AggregateSnapshot, told: readonly Told[]): void {
    this.aggregate = restore(before);
    rearm(this.aggregate, this.policy);
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

  #take(input: PlacedInput): void {
    this.#cause = input;
    const at = { tMs: input.tMs, offset: input.offset };
    const folding = { policy: this.policy, sink: this.#sink };
    if (input.topic === 'activity') takeActivity(this.aggregate, input.input as ActivityInput, at, folding);
    else takeCommand(this.aggregate, input.input as CommandInput, at, folding);
    this.#cause = undefined;
  }

  #fireUntil(nowMs: number): void {
    const before = this.#told.length;
    fireDeadlines(this.aggregate, nowMs, { policy: this.policy, sink: this.#sink });
    this.timers += this.#told.length - before;
  }

  readonly #sink = (change: Change): void => {
    this.#told.push({ ...change, cause: this.#cause });
  };

  #prefixFault(wanted: readonly ChangeRecord[]): string | undefined {
    for (const [index, told] of this.#told.entries()) {
      const [one, other] = [textOfTold(told), textOfRecord(wanted[index])];
      if (one !== other) return `the fold makes ${one} where ${other} was told`;
    }
    return undefined;
  }
}

type Box = readonly [readonly PlacedInput[], readonly PlacedInput[]];

/** How many inputs lie at or before an offset. */
function countTo(inputs: readonly PlacedInput[], offset: number): number {
  let [low, high] = [0, inputs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (inputs[middle]!.offset <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function* byTime([activity, commands]: Box): Generator<PlacedInput> {
  let [one, other] = [0, 0];
  while (one < activity.length || other < commands.length) {
    const [first, second] = [activity[one], commands[other]];
    if (second === undefined || (first !== undefined && first.tMs <= second.tMs)) {
      yield first!;
      one += 1;
    } else {
      yield second;
      other += 1;
    }
  }
}

function textOfTold(told: Told): string {
  const { life, version, atMs } = told;
  if (told.kind === 'forgotten')
    return JSON.stringify(['forgotten', life, version, atMs, causeText(told.cause, undefined)]);
  return JSON.stringify([life, version, atMs, told.view, told.before, causeText(told.cause, told.timer)].map(sorted));
}

function textOfRecord(record: ChangeRecord | undefined): string {
  if (record === undefined) return 'nothing';
  const { life, version, atMs, cause } = record;
  const causedBy = 'timer' in cause ? cause.timer : `${cause.topic} ${cause.offset}`;
  if (record.kind === 'forgotten') return JSON.stringify(['forgotten', life, version, atMs, causedBy]);
  return JSON.stringify([life, version, atMs, record.view, record.before, causedBy].map(sorted));
}

function causeText(cause: PlacedInput | undefined, timer: string | undefined): string {
  return timer ?? (cause === undefined ? 'nothing' : `${cause.topic} ${cause.offset}`);
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
}

function name(change: ChangeRecord | undefined): string {
  return textOfRecord(change);
}
