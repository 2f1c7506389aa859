// Every timeline of the specification through the real engine on the embedded log, killed and restored in the middle.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedEventLog } from '#libs/event-log-embedded';
import * as fc from 'fast-check';
import {
  SimulatedClock,
  faultOf,
  parseScenario,
  scenarioOfTimeline,
  scenarioPolicy,
  timelines,
  type Scenario,
} from '#libs/testing';
import { runScenarioThroughEngine, type EngineOutcome, type EngineScene } from '../src/scenario-engine.js';

const FILE = join(__dirname, '../../../../shared/scenarios/presence.jsonl');

function embedded(scenario: Scenario): () => Promise<EngineScene> {
  return async () => {
    const clock = new SimulatedClock();
    const directory = mkdtempSync(join(tmpdir(), 'rollcall-scenario-'));
    return {
      clock,
      policy: scenarioPolicy(scenario),
      openLog: () => EmbeddedEventLog.open({ directory, now: clock.now, durable: false, upkeepMs: 0 }),
      discard: async () => {
        rmSync(directory, { recursive: true, force: true });
      },
    };
  };
}

const run = (scenario: Scenario): Promise<EngineOutcome> => runScenarioThroughEngine(scenario, embedded(scenario));

describe('timelines through the engine', () => {
  const scenarios = readFileSync(FILE, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseScenario);

  it.each(scenarios.map((scenario) => [scenario.id, scenario] as const))('%s', async (_, scenario) => {
    expect(faultOf(scenario, await run(scenario))).toBeUndefined();
  });

  it.each([1, 10, 99, 100, 101, 5_000])('do not wait for a clock that steps back by %d ms', async (stepMs) => {
    const active = (at: number) => ({ at, type: 'device.active', device_id: 'A' });
    const lifted = { at: 9_000 - stepMs, type: 'presence.override', presence: null };
    const steps = [active(9_000), active(9_000 - stepMs), active(9_000), lifted, active(9_001)];
    const scenario: Scenario = { id: 'step-back', steps, until: 9_001, changes: [] };
    expect(faultOf(scenario, await run(scenario))).toBeUndefined();
  });

  it('agree with the domain on random histories', async () => {
    const histories = timelines({ withForget: true });
    const law = fc.asyncProperty(histories, fc.constantFrom(0, 10, 30), async (timeline, seeAfterMs) => {
      const scenario = scenarioOfTimeline(timeline, seeAfterMs);
      expect(faultOf(scenario, await run(scenario))).toBeUndefined();
    });
    await fc.assert(law, { numRuns: 60 });
  }, 120_000);

  it('are compared by something that sees a wrong change and a wrong view', async () => {
    const scenario = scenarios[0]!;
    const outcome = await run(scenario);
    expect(faultOf(scenario, { ...outcome, changes: outcome.changes.slice(1) })).toContain('expected');
    expect(
      faultOf({ ...scenario, see: [{ at: 0, presence: 'busy' }] }, { ...outcome, seen: [outcome.seen[0]] }),
    ).toContain('busy');
  });
});
