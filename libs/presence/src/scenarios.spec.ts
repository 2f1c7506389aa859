// The timelines of the specification and of other servers' suites, history included. They are data beside the
// project (`../shared/scenarios`), never edited here.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultOf, parseScenario, runScenarioThroughDomain, type Scenario } from '#libs/testing';

const file = join(__dirname, '../../../../shared/scenarios/presence.jsonl');
const scenarios = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(parseScenario) : [];

describe('the timelines of shared/scenarios/presence.jsonl', () => {
  it('are all there', () => {
    expect(scenarios.length).toBeGreaterThanOrEqual(112);
  });

  it.each(scenarios.map((scenario) => [scenario.id, scenario] as const))('%s', (_id, scenario) => {
    expect(faultOf(scenario, runScenarioThroughDomain(scenario))).toBeUndefined();
  });
});

describe('the checker', () => {
  const scenario: Scenario = {
    id: 'planted',
    steps: [{ at: 0, type: 'presence.set', device_id: 'A', presence: 'online' }],
    until: 29_999,
    see: [{ at: 0, presence: 'online' }],
    changes: [{ at: 0, version: 1, presence: 'online', status_msg: null, currently_active: true }],
  };
  const outcome = runScenarioThroughDomain(scenario);

  it('accepts the right outcome', () => {
    expect(faultOf(scenario, outcome)).toBeUndefined();
  });

  it.each([
    ['a missing change', { ...outcome, changes: [] }],
    ['a change too many', { ...outcome, changes: [...outcome.changes, ...outcome.changes] }],
    ['a wrong time', { ...outcome, changes: outcome.changes.map((change) => ({ ...change, at: 1 })) }],
    ['a wrong version', { ...outcome, changes: outcome.changes.map((change) => ({ ...change, version: 2 })) }],
    ['a wrong view', { ...outcome, seen: [undefined] }],
  ])('finds %s', (_what, planted) => {
    expect(faultOf(scenario, planted)).toMatch(/^at .*, expected .*, got /);
  });
});
