// Runs a scenario through the domain alone: inputs in the order given, timers in between, no log and no clock.
// Invariant: a `see` counts exactly the steps whose settled time is at or before it, deadlines at it included.
import {
  Aggregate,
  fireDeadlines,
  takeActivity,
  takeCommand,
  viewAt,
  type ActivityInput,
  type ChangeSink,
  type Claim,
  type CommandInput,
  type Folding,
  type Policy,
  type Presence,
  type View,
} from '#libs/presence';
import {
  scenarioPolicy,
  settledTimes,
  topicOf,
  type Scenario,
  type ScenarioInput,
  type ScenarioOutcome,
  type ScenarioStep,
  type SeenChange,
} from './scenario.js';

export function runScenarioThroughDomain(scenario: Scenario): ScenarioOutcome {
  const run = new DomainRun(scenarioPolicy(scenario));
  const times = settledTimes(scenario.steps);
  const prefixes = (scenario.see ?? []).map(({ at }) => ({ at, count: prefixLength(times, at) }));
  const seen: (View | undefined)[] = prefixes.map(({ at, count }) =>
    count === undefined ? viewOfReached(scenario, times, at) : undefined,
  );
  const waiting = [...prefixes.entries()]
    .filter(([, { count }]) => count !== undefined)
    .sort(([, one], [, other]) => one.at - other.at);
  for (let taken = 0; taken <= scenario.steps.length; taken += 1) {
    while (waiting[0]?.[1].count === taken) {
      const [index, { at }] = waiting.shift()!;
      seen[index] = run.viewAt(at);
    }
    if (taken < scenario.steps.length) run.take(scenario.steps[taken]!, times[taken]!);
  }
  run.runTimers(scenario.until);
  return { changes: run.changes, seen };
}

/** How many steps come before a time, if those are the first ones; undefined if not (a topic that ran ahead). */
function prefixLength(times: readonly number[], atMs: number): number | undefined {
  const count = times.findIndex((time) => time > atMs);
  if (count === -1) return times.length;
  return times.slice(count).some((time) => time <= atMs) ? undefined : count;
}

function viewOfReached(scenario: Scenario, times: readonly number[], atMs: number): View | undefined {
  const run = new DomainRun(scenarioPolicy(scenario));
  for (const [index, step] of scenario.steps.entries()) if (times[index]! <= atMs) run.take(step, times[index]!);
  return run.viewAt(atMs);
}

class DomainRun {
  readonly changes: SeenChange[] = [];
  private readonly aggregate = new Aggregate();
  private readonly nextOffset = { activity: 0, commands: 0 };

  private readonly folding: Folding;
  private readonly sink: ChangeSink = (change) => {
    if (change.kind === 'changed') this.changes.push({ at: change.atMs, version: change.version, view: change.view });
  };

  constructor(policy: Policy) {
    this.folding = { policy, sink: this.sink };
  }

  take(step: ScenarioStep, tMs: number): void {
    const { topic, input } = scenarioInput(step);
    const at = { tMs, offset: this.nextOffset[topic] };
    this.nextOffset[topic] += 1;
    if (topic === 'activity') takeActivity(this.aggregate, input, at, this.folding);
    else takeCommand(this.aggregate, input, at, this.folding);
  }

  runTimers(nowMs: number): void {
    fireDeadlines(this.aggregate, nowMs, this.folding);
  }

  viewAt(nowMs: number): View | undefined {
    this.runTimers(nowMs);
    return viewAt(this.aggregate, nowMs, this.folding.policy);
  }
}

function scenarioInput(step: ScenarioStep): ScenarioInput {
  if (topicOf(step) === 'activity') return { topic: 'activity', input: activityInput(step) };
  return { topic: 'commands', input: commandInput(step) };
}

function activityInput(step: ScenarioStep): ActivityInput {
  const deviceId = step['device_id'] as string | null | undefined;
  const agoMs = (step['ago_ms'] as number | null | undefined) ?? 0;
  const sessionId = step['session_id'] as string;
  switch (step.type) {
    case 'device.connected':
      return {
        type: step.type,
        deviceId: deviceId!,
        sessionId,
        claim: step['claim'] as Claim,
        leaseMs: step['lease_ms'] as number,
      };
    case 'device.disconnected':
      return { type: step.type, deviceId: deviceId!, sessionId, agoMs };
    case 'device.active':
      return deviceId === undefined || deviceId === null
        ? { type: step.type, agoMs }
        : { type: step.type, deviceId, agoMs };
    default:
      throw new Error(`unknown step type ${step.type}`);
  }
}

function commandInput(step: ScenarioStep): CommandInput {
  const presence = (step['presence'] ?? undefined) as Presence | undefined;
  const statusMsg = (step['status_msg'] ?? undefined) as string | undefined;
  switch (step.type) {
    case 'presence.set': {
      const put = { type: step.type, deviceId: step['device_id'] as string, presence: presence! } as const;
      return statusMsg === undefined ? put : { ...put, statusMsg };
    }
    case 'presence.override':
      return presence === undefined ? { type: step.type } : { type: step.type, presence };
    case 'user.forget':
      return { type: step.type };
    default:
      throw new Error(`unknown step type ${step.type}`);
  }
}
