// Timelines through the real aggregator on an embedded log of their own each, in temporary directories. Invariant: runs
// share nothing, so that as many may run at once as is fast.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runScenarioThroughEngine } from '#apps/aggregator';
import { EmbeddedEventLog } from '#libs/event-log-embedded';
import { PassingFolder, SimulatedClock, scenarioPolicy } from '#libs/testing';
import type { ScenarioWay } from './scenario-report.js';

const WIDTH = 4;

export function engineWay(): ScenarioWay {
  const root = new PassingFolder('scenarios');
  return {
    name: 'engine',
    width: WIDTH,
    run: (scenario) =>
      runScenarioThroughEngine(scenario, async () => {
        const clock = new SimulatedClock();
        const directory = mkdtempSync(join(root.path, 'log-'));
        return {
          clock,
          policy: scenarioPolicy(scenario),
          openLog: () => EmbeddedEventLog.open({ directory, now: clock.now, durable: false, upkeepMs: 0 }),
          discard: async () => {
            rmSync(directory, { recursive: true, force: true });
          },
        };
      }),
    close: async () => {
      root.remove();
    },
  };
}
