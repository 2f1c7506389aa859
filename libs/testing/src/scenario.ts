// The scenario format (one user's timeline with its complete expected history) and its checker. Invariant: the
// checker compares everything the scenario states, and nothing that it leaves open; whoever runs the timeline,
// the domain or the engine, hands in the same outcome.
import type { ActivityInput, CommandInput, Policy, View } from '#libs/presence';
import { DEFAULT_POLICY } from '#libs/presence';

export interface ScenarioStep {
  /** Broker append time, ms from the start; it may step back. */
  readonly at: number;
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface ExpectedView {
  readonly at: number;
  readonly presence?: string;
  readonly status_msg?: string | null;
  readonly currently_active?: boolean;
  readonly last_active_at?: number | null;
}

export interface ExpectedChange {
  readonly at: number;
  readonly version: number;
  readonly presence?: string;
  readonly status_msg?: string | null;
  readonly currently_active?: boolean;
  readonly last_active_at?: number | null;
}

export interface Scenario {
  readonly id: string;
  readonly title?: string;
  readonly policy?: Partial<Policy>;
  readonly steps: readonly ScenarioStep[];
  /** Timers run up to this time, deadlines at it included. */
  readonly until: number;
  readonly see?: readonly ExpectedView[];
  readonly changes: readonly ExpectedChange[];
}

export interface SeenChange {
  readonly at: number;
  readonly version: number;
  readonly view: View;
}

/** What a run of a scenario showed. `seen` answers `see`, one for one; undefined = the view is absent. */
export interface ScenarioOutcome {
  readonly changes: readonly SeenChange[];
  readonly seen: readonly (View | undefined)[];
}

export function scenarioPolicy(scenario: Scenario): Policy {
  return { ...DEFAULT_POLICY, ...scenario.policy };
}

export type ScenarioInput =
  | { readonly topic: 'activity'; readonly input: ActivityInput }
  | { readonly topic: 'commands'; readonly input: CommandInput };

/** Which topic a step goes to. */
export function topicOf(step: ScenarioStep): 'activity' | 'commands' {
  return step.type.startsWith('device.') ? 'activity' : 'commands';
}

/** The settled time of every step: never earlier than its own topic had reached. */
export function settledTimes(steps: readonly ScenarioStep[]): number[] {
  const reached = { activity: Number.NEGATIVE_INFINITY, commands: Number.NEGATIVE_INFINITY };
  return steps.map((step) => {
    const topic = topicOf(step);
    reached[topic] = Math.max(reached[topic], step.at);
    return reached[topic];
  });
}

/** Reads one line of a scenario file; throws with a sentence when it is not one. */
export function parseScenario(line: string): Scenario {
  const parsed: unknown = JSON.parse(line);
  if (typeof parsed !== 'object' || parsed === null) throw new Error('a scenario is a JSON object');
  const scenario = parsed as Partial<Scenario>;
  if (typeof scenario.id !== 'string') throw new Error('a scenario needs an "id"');
  if (!Array.isArray(scenario.steps)) throw new Error(`scenario ${scenario.id} needs "steps"`);
  if (!Array.isArray(scenario.changes)) throw new Error(`scenario ${scenario.id} needs "changes"`);
  if (!Number.isFinite(scenario.until)) throw new Error(`scenario ${scenario.id} needs "until"`);
  return scenario as Scenario;
}

/** undefined = the outcome is what the scenario expects; otherwise `at …, expected …, got …` of the first difference. */
export function faultOf(scenario: Scenario, outcome: ScenarioOutcome): string | undefined {
  const length = Math.max(scenario.changes.length, outcome.changes.length);
  for (let index = 0; index < length; index += 1) {
    const expected = scenario.changes[index];
    const got = outcome.changes[index];
    if (expected === undefined || got === undefined || !changeAgrees(expected, got)) {
      return `at ${expected?.at ?? got?.at}, expected ${describe(expected, 'no change')}, got ${describe(got && flatten(got), 'no change')}`;
    }
  }
  for (const [index, expected] of (scenario.see ?? []).entries()) {
    const got = outcome.seen[index];
    if (!viewAgrees(expected, got)) {
      return `at ${expected.at}, expected to see ${describe(expected, 'absent')}, got ${describe(got && flattenView(got), 'absent')}`;
    }
  }
  return undefined;
}

function changeAgrees(expected: ExpectedChange, got: SeenChange): boolean {
  return expected.at === got.at && expected.version === got.version && viewAgrees(expected, got.view);
}

function viewAgrees(expected: Omit<ExpectedView, 'at'>, got: View | undefined): boolean {
  if (got === undefined) return expected.presence === undefined || expected.presence === 'absent';
  return (
    agrees(expected.presence, got.presence) &&
    agrees(expected.status_msg, got.statusMsg ?? null) &&
    agrees(expected.currently_active, got.currentlyActive) &&
    agrees(expected.last_active_at, got.lastActiveAtMs ?? null)
  );
}

function agrees<T>(expected: T | undefined, got: T): boolean {
  return expected === undefined || expected === got;
}

function flattenView(view: View): object {
  return {
    presence: view.presence,
    status_msg: view.statusMsg ?? null,
    currently_active: view.currentlyActive,
    last_active_at: view.lastActiveAtMs ?? null,
  };
}

function flatten(change: SeenChange): object {
  return { at: change.at, version: change.version, ...flattenView(change.view) };
}

function describe(value: object | undefined, absent: string): string {
  return value === undefined ? absent : JSON.stringify(value);
}
