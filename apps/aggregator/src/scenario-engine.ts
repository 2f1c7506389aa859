// Runs one user's timeline through the real aggregator: log, codecs, task, restore, on a clock that is set by hand.
// Invariant: a step is appended only when the one before has been taken and committed, and the engine is killed and
// restored from the log in the middle of every timeline. It stands apart because the `scenarios` command and tests share it.
import {
  DEFAULT_PREFIX,
  INPUTS,
  decodeChange,
  decodeStatesRecord,
  topicNames,
  topicSpecs,
  type InputWord,
  type TopicNames,
} from '#libs/contracts';
import type { Clock, EventLog, NewRecord, TopicSpec } from '#libs/event-log';
import type { Policy, View } from '#libs/presence';
import { DEFAULT_LIMITS } from '#libs/processing';
import { Aggregator } from './aggregator.js';
import { textOf } from './record-text.js';

/** A step of a timeline: a record as semantics.md section 2 has it, without its user. */
export interface EngineStep {
  /** Append time, milliseconds from the start; may step back. */
  readonly at: number;
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface EngineTimeline {
  readonly steps: readonly EngineStep[];
  /** Timers run up to this time, deadlines at it included. */
  readonly until: number;
  readonly see?: readonly { readonly at: number }[];
}

export interface EngineOutcome {
  readonly changes: readonly { readonly at: number; readonly version: number; readonly view: View }[];
  /** One for each `see`; undefined = there is no view. */
  readonly seen: readonly (View | undefined)[];
}

export interface EngineScene {
  readonly policy: Policy;
  /** Nobody but the run moves it. */
  readonly clock: Clock & { setTo(nowMs: number): void };
  /** Opens the run's own log, empty at first; called again after every restart, when the one before is closed. */
  readonly openLog: () => Promise<EventLog>;
  /** Absent: the log is the run's alone and stamps with `clock`. */
  readonly foreign?: ForeignLog;
  /** The run is over and its log closed: whatever it lay in may go. */
  readonly discard?: () => Promise<void>;
}

/** A log with a clock of its own that others use as well, such as a broker: the run keeps apart and brings its times with it. */
export interface ForeignLog {
  /** Begins the topics, the group and the transactional ids of this run alone. */
  readonly prefix: string;
  /** The time of the timeline's start, so far back that the whole of it lies before the log's now; milliseconds. */
  readonly startMs: number;
  /** Between two looks at an engine that is not at rest yet; throws when it was waited for too long. */
  readonly rest: (look: number) => Promise<void>;
}

/** The time of a timeline's start. Far from 0, so that nothing happens before time began. */
const START_MS = 1_700_000_000_000;
const USER = '@scenario:localhost';
/** What the aggregator reads and writes. */
const WORDS = [...INPUTS, 'states', 'changes', 'registers', 'snapshots', 'rejected'] as const;
/** Turns of the event loop after which a run that does not come to rest is given up. */
const PATIENCE = 200_000;

/** As the services have them, but without retention, since a timeline may span years; inputs bring their times where the log's clock is not ours. */
function runTopics(prefix: string, stamps: TopicSpec['timestamps']): TopicSpec[] {
  const names = WORDS.map((word) => topicNames(prefix)[word]);
  return topicSpecs({ prefix, partitions: 1, deliveryPartitions: 1 })
    .filter(({ name }) => names.includes(name))
    .map(({ retentionMs: _, ...spec }) => (spec.timestamps === 'append' ? { ...spec, timestamps: stamps } : spec));
}

async function oneTurn(look: number): Promise<void> {
  if (look > PATIENCE) throw new Error(`${PATIENCE} turns were not enough`);
  await new Promise((resolve) => setImmediate(resolve));
}

/** Runs a timeline; a `see` at a time when a topic had run ahead counts the steps up to it only, in a run of their own. */
export async function runScenarioThroughEngine(
  timeline: EngineTimeline,
  openScene: () => Promise<EngineScene>,
): Promise<EngineOutcome> {
  const times = settledTimes(timeline.steps);
  const queries = (timeline.see ?? []).map(({ at }, index) => ({ index, at, after: stepsReached(times, at) }));
  const seen: (View | undefined)[] = queries.map(() => undefined);
  for (const { index, at, after } of queries) {
    if (after !== undefined) continue;
    const steps = timeline.steps.filter((_, step) => times[step]! <= at);
    seen[index] = (await runScenarioThroughEngine({ steps, until: at, see: [{ at }] }, openScene)).seen[0];
  }
  const ordered = queries.filter(({ after }) => after !== undefined).sort((one, other) => one.at - other.at);
  const run = new EngineRun(await openScene());
  try {
    await run.open();
    const middle = Math.ceil(timeline.steps.length / 2);
    for (let taken = 0; taken <= timeline.steps.length; taken += 1) {
      if (taken === middle) await run.restart();
      for (const { index, at } of ordered.filter(({ after }) => after === taken)) seen[index] = await run.viewAt(at);
      const step = timeline.steps[taken];
      if (step !== undefined) await run.take(step);
    }
    await run.passTo(timeline.until);
    return { changes: await run.changes(), seen };
  } finally {
    await run.close();
  }
}

function settledTimes(steps: readonly EngineStep[]): number[] {
  const reached = { activity: -Infinity, commands: -Infinity };
  return steps.map((step) => {
    const input = inputOf(step);
    reached[input] = Math.max(reached[input], step.at);
    return reached[input];
  });
}

/** How many steps have happened at a time, if those are the first ones; undefined if not. */
function stepsReached(times: readonly number[], at: number): number | undefined {
  const first = times.findIndex((time) => time > at);
  if (first < 0) return times.length;
  return times.slice(first).some((time) => time <= at) ? undefined : first;
}

function inputOf({ type }: EngineStep): InputWord {
  return type.startsWith('device.') ? 'activity' : 'commands';
}

class EngineRun {
  #log: EventLog | undefined;
  #aggregator: Aggregator | undefined;
  /** What states held of the user when it was last looked at, and up to where that was. */
  #state: View | undefined;
  #statesRead = 0;
  /** Why the engine failed last, for whoever waits for it in vain. */
  #fault: Error | undefined;
  readonly #prefix: string;
  readonly #topics: TopicNames;
  readonly #startMs: number;
  readonly #rest: (look: number) => Promise<void>;

  constructor(private readonly scene: EngineScene) {
    const { prefix, startMs, rest } = scene.foreign ?? { prefix: DEFAULT_PREFIX, startMs: START_MS, rest: oneTurn };
    this.#prefix = prefix;
    this.#topics = topicNames(prefix);
    this.#startMs = startMs;
    this.#rest = rest;
  }

  async open(): Promise<void> {
    const { clock, openLog, policy, foreign } = this.scene;
    clock.setTo(this.#startMs);
    this.#log = await openLog();
    await this.#log.createTopics(runTopics(this.#prefix, foreign === undefined ? 'append' : 'create'));
    await this.#start(this.#log, clock, policy);
  }

  /** As after a kill: nothing is finished, everything comes back from the log. */
  async restart(): Promise<void> {
    await this.#stop();
    const { clock, openLog, policy } = this.scene;
    this.#log = await openLog();
    await this.#start(this.#log, clock, policy);
  }

  async close(): Promise<void> {
    try {
      await this.#stop();
    } finally {
      await this.scene.discard?.();
    }
  }

  async take(step: EngineStep): Promise<void> {
    const { at, ...fields } = step;
    const timestampMs = this.#startMs + at;
    this.scene.clock.setTo(timestampMs);
    const input = inputOf(step);
    const value = JSON.stringify({ v: 1, user_id: USER, ...fields });
    const record: NewRecord = { key: USER, value, ...(this.scene.foreign === undefined ? {} : { timestampMs }) };
    const [appended] = await this.#opened.append(this.#topics[input], [record]);
    const index = INPUTS.indexOf(input);
    await this.#until(
      () => this.#task.positions[index]!.nextOffset > appended!.offset && this.#task.isSettled(-Infinity),
    );
  }

  /** Time passes as far as the engine needs to act on every deadline up to that time, and on none after it. */
  async passTo(at: number): Promise<void> {
    this.scene.clock.setTo(this.#startMs + at + DEFAULT_LIMITS.settleMs);
    await this.#until(() => this.#task.isSettled(this.#startMs + at));
  }

  /** What states say, and the activity time of the live view: that one is exact where states may lag by `activeFor`. */
  async viewAt(at: number): Promise<View | undefined> {
    await this.passTo(at);
    await this.#readStates();
    const live = this.#aggregator!.viewOf(USER, 1, this.#startMs + at);
    if (live === undefined || this.#state === undefined) return live === undefined ? undefined : this.#fromStart(live);
    const { lastActiveAtMs: _, ...told } = this.#state;
    return this.#fromStart(live.lastActiveAtMs === undefined ? told : { ...told, lastActiveAtMs: live.lastActiveAtMs });
  }

  async changes(): Promise<EngineOutcome['changes']> {
    const changes: { at: number; version: number; view: View }[] = [];
    const end = (await this.#opened.ends(this.#topics.changes))[0]!;
    for await (const { records } of this.#opened.read(this.#topics.changes, 0, 0, end)) {
      for (const { key, value } of records) {
        const decoded = decodeChange(value === null ? null : textOf(value)!, key === null ? null : textOf(key)!);
        if (!decoded.ok) throw new Error(`a change cannot be read: ${decoded.reason}`);
        const { record } = decoded;
        if (record.kind === 'changed')
          changes.push({
            at: record.atMs - this.#startMs,
            version: record.version,
            view: this.#fromStart(record.view),
          });
      }
    }
    return changes;
  }

  get #opened(): EventLog {
    if (this.#log === undefined) throw new Error('the run has no log');
    return this.#log;
  }

  get #task() {
    const task = this.#aggregator?.host.task(0);
    if (task === undefined) throw new Error(`the task is gone: ${this.#howItIs}`);
    return task;
  }

  get #howItIs(): string {
    const fault = this.#fault === undefined ? '' : `, ${this.#fault.message}`;
    return `${JSON.stringify(this.#aggregator?.health())}${fault}`;
  }

  async #start(log: EventLog, clock: Clock, policy: Policy): Promise<void> {
    const limits = { endsEveryMs: 0, groupOffsetsEveryMs: Infinity };
    const failed = (_partition: number, error: Error): void => {
      this.#fault = error;
    };
    const [topics, prefix] = [this.#topics, this.#prefix];
    this.#aggregator = new Aggregator({ log, clock, policy, topics, prefix, limits, observer: { failed } });
    await this.#aggregator.start();
    const { host } = this.#aggregator;
    await this.#until(() => host.task(0)?.isSettled(-Infinity) === true);
  }

  async #stop(): Promise<void> {
    const aggregator = this.#aggregator;
    this.#aggregator = undefined;
    await Promise.all(aggregator?.host.tasks.map((task) => task.abandon()) ?? []);
    await aggregator?.stop();
    await this.#log?.close();
    this.#log = undefined;
  }

  async #readStates(): Promise<void> {
    const end = (await this.#opened.ends(this.#topics.states))[0]!;
    for await (const { records } of this.#opened.read(this.#topics.states, 0, this.#statesRead, end)) {
      for (const { key, value } of records) {
        const decoded = decodeStatesRecord(value === null ? null : textOf(value)!, key === null ? null : textOf(key)!);
        if (!decoded.ok) throw new Error(`a state cannot be read: ${decoded.reason}`);
        if (decoded.record.kind === 'state') this.#state = decoded.record.state.view;
        else if (decoded.record.kind === 'forgotten') this.#state = undefined;
      }
    }
    this.#statesRead = end;
  }

  async #until(isSo: () => boolean): Promise<void> {
    for (let look = 0; !isSo(); look += 1) {
      try {
        await this.#rest(look);
      } catch (error) {
        throw new Error(`the engine does not come to rest: ${this.#howItIs}`, { cause: error });
      }
    }
  }

  #fromStart(view: View): View {
    return view.lastActiveAtMs === undefined ? view : { ...view, lastActiveAtMs: view.lastActiveAtMs - this.#startMs };
  }
}
