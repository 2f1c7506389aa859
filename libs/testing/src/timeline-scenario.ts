// A random timeline as a scenario, expecting what the domain makes of it: so the engine is held to the domain on histories
// that nobody wrote down. Invariant: every `see` lies at or after a step, where both must agree exactly.
import type { Scenario, ScenarioStep, SeenChange } from './scenario.js';
import { runScenarioThroughDomain } from './scenario-domain.js';
import type { Timeline, TimelineRecord } from './timelines.js';

const FIELDS: Readonly<Record<string, string>> = {
  type: 'type',
  deviceId: 'device_id',
  sessionId: 'session_id',
  claim: 'claim',
  leaseMs: 'lease_ms',
  agoMs: 'ago_ms',
  presence: 'presence',
  statusMsg: 'status_msg',
};

/** @param seeAfterMs how long after each step the view is looked at, milliseconds */
export function scenarioOfTimeline({ policy, records }: Timeline, seeAfterMs: number): Scenario {
  const steps = records.map(stepOf);
  const times = steps.map(({ at }) => at);
  const see = times.map((at) => ({ at: at + seeAfterMs }));
  const open: Scenario = { id: 'random', policy, steps, until: Math.max(...times) + 500, see, changes: [] };
  const { changes, seen } = runScenarioThroughDomain(open);
  return {
    ...open,
    see: see.map(({ at }, index) => {
      const view = seen[index];
      return view === undefined ? { at, presence: 'absent' } : { at, ...expectedOf(view) };
    }),
    changes: changes.map(({ at, version, view }) => ({ at, version, ...expectedOf(view) })),
  };
}

function stepOf({ input, tMs }: TimelineRecord): ScenarioStep {
  const fields = Object.entries(input).map(([name, value]) => [FIELDS[name] ?? name, value as unknown] as const);
  return { ...Object.fromEntries(fields), at: tMs, type: input.type };
}

function expectedOf(view: SeenChange['view']): Omit<Scenario['changes'][number], 'at' | 'version'> {
  return {
    presence: view.presence,
    status_msg: view.statusMsg ?? null,
    currently_active: view.currentlyActive,
    last_active_at: view.lastActiveAtMs ?? null,
  };
}
