// Runs one user's timeline through the real aggregator: log, codecs, task, restore, on a clock that is set by hand.
// Invariant: a step is appended only when the one before has been taken and committed, and the engine is killed and
// restored from the log in the middle of every timeline. It stands apart because the `scenarios` command and tests share it.
import { decodeChange, decodeStatesRecord, topicNames, topicSpecs, type InputWord } from '#libs/contracts';
import type { Clock, EventLog } from '#libs/event-log';
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
  /** Opens the run's own log, empty at first; called again after every restart, when the one before is closed. It stamps with `clock`. */
  readonly openLog: () => Promise<EventLog>;
  /** The run is over and its log closed: whatever it lay in may go. */
  readonly discard?: () => Promise<void>;
}

/** The time of a timeline's start. Far from 0, so that nothing happens before time began. */
const START_MS = 1_700_000_000_000;
const USER = '@scenario:localhost';
const PREFIX = 'presence.';
const TOPICS = topicNames(PREFIX);
const ONE = { prefix: PREFIX, partitions: 1, deliveryPartitions: 1 };
/** Turns of the event loop after which a run that does not come to rest is given up. */
const PATIENCE = 200_000;

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

  constructor(private readonly scene: EngineScene) {}

  async open(): Promise<void> {
    const { clock, openLog, policy } = this.scene;
    clock.setTo(START_MS);
    this.#log = await openLog();
    // Without retention: a timeline may span years.
    await this.#log.createTopics(topicSpecs(ONE).map(({ retentionMs: _, ...spec }) => spec));
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
    this.scene.clock.setTo(START_MS + at);
    const input = inputOf(step);
    const value = JSON.stringify({ v: 1, user_id: USER, ...fields });
    const [appended] = await this.#opened.append(TOPICS[input], [{ key: USER, value }]);
    const index = input === 'activity' ? 0 : 1;
    await this.#until(
      () => this.#task.positions[index]!.nextOffset > appended!.offset && this.#task.isSettled(-Infinity),
    );
  }

  /** Time passes as far as the engine needs to act on every deadline up to that time, and on none after it. */
  async passTo(at: number): Promise<void> {
    this.scene.clock.setTo(START_MS + at + DEFAULT_LIMITS.settleMs);
    await this.#until(() => this.#task.isSettled(START_MS + at));
  }

  /** What states say, and the activity time of the live view: that one is exact where states may lag by `activeFor`. */
  async viewAt(at: number): Promise<View | undefined> {
    await this.passTo(at);
    await this.#readStates();
    const live = this.#aggregator!.viewOf(USER, 1, START_MS + at);
    if (live === undefined || this.#state === undefined) return live === undefined ? undefined : fromStart(live);
    const { lastActiveAtMs: _, ...told } = this.#state;
    return fromStart(live.lastActiveAtMs === undefined ? told : { ...told, lastActiveAtMs: live.lastActiveAtMs });
  }

  async changes(): Promise<EngineOutcome['changes']> {
    const changes: { at: number; version: number; view: View }[] = [];
    const end = (await this.#opened.ends(TOPICS.changes))[0]!;
    for await (const { records } of this.#opened.read(TOPICS.changes, 0, 0, end)) {
      for (const { key, value } of records) {
        const decoded = decodeChange(value === null ? null : textOf(value)!, key === null ? null : textOf(key)!);
        if (!decoded.ok) throw new Error(`a change cannot be read: ${decoded.reason}`);
        const { record } = decoded;
        if (record.kind === 'changed')
          changes.push({ at: record.atMs - START_MS, version: record.version, view: fromStart(record.view) });
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
    if (task === undefined) throw new Error(`the task is gone: ${JSON.stringify(this.#aggregator?.health())}`);
    return task;
  }

  async #start(log: EventLog, clock: Clock, policy: Policy): Promise<void> {
    const limits = { endsEveryMs: 0, groupOffsetsEveryMs: Infinity };
    this.#aggregator = new Aggregator({ log, clock, policy, topics: TOPICS, prefix: PREFIX, limits });
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
    const end = (await this.#opened.ends(TOPICS.states))[0]!;
    for await (const { records } of this.#opened.read(TOPICS.states, 0, this.#statesRead, end)) {
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
    for (let turn = 0; !isSo(); turn += 1) {
      if (turn > PATIENCE)
        throw new Error(`the engine does not come to rest: ${JSON.stringify(this.#aggregator?.health())}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

function fromStart(view: View): View {
  return view.lastActiveAtMs === undefined ? view : { ...view, lastActiveAtMs: view.lastActiveAtMs - START_MS };
}
