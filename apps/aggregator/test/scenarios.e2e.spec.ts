// Every timeline of the specification through the real engine on the embedded log, killed and restored in the middle.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedEventLog } from '#libs/event-log-embedded';
import { SimulatedClock, faultOf, parseScenario, scenarioPolicy, type Scenario } from '#libs/testing';
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

  it('are compared by something that sees a wrong change and a wrong view', async () => {
    const scenario = scenarios[0]!;
    const outcome = await run(scenario);
    expect(faultOf(scenario, { ...outcome, changes: outcome.changes.slice(1) })).toContain('expected');
    expect(
      faultOf({ ...scenario, see: [{ at: 0, presence: 'busy' }] }, { ...outcome, seen: [outcome.seen[0]] }),
    ).toContain('busy');
  });
});
