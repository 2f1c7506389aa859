// The plain model against every timeline of shared/scenarios: complete histories and every stated view.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { View } from '#libs/presence';
import {
  faultOf,
  parseScenario,
  scenarioPolicy,
  settledTimes,
  topicOf,
  type Scenario,
  type ScenarioOutcome,
} from '../scenario.js';
import { PlainModel, type PlainInput, type PlainView } from './index.js';

const file = join(__dirname, '../../../../../shared/scenarios/presence.jsonl');
const scenarios = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(parseScenario) : [];

describe('the plain model', () => {
  it('meets all there are', () => {
    expect(scenarios.length).toBeGreaterThanOrEqual(112);
  });

  it.each(scenarios.map((scenario) => [scenario.id, scenario] as const))('%s', (_id, scenario) => {
    expect(faultOf(scenario, outcomeOf(scenario))).toBeUndefined();
  });

  it('imports nothing from outside its folder', () => {
    const sources = readdirSync(__dirname).filter((name) => !name.endsWith('.spec.ts'));
    const imports = sources.flatMap((name) =>
      [...readFileSync(join(__dirname, name), 'utf8').matchAll(/from '([^']+)'/gu)].map(([, from]) => from),
    );
    expect(imports.filter((from) => from?.startsWith('./') !== true)).toEqual([]);
  });
});

function outcomeOf(scenario: Scenario): ScenarioOutcome {
  const inputs = inputsOf(scenario);
  const model = new PlainModel(scenarioPolicy(scenario));
  const changes = [...inputs.flatMap((input) => model.take(input)), ...model.passTo(scenario.until)];
  return {
    changes: changes
      .filter((told) => told.kind === 'changed')
      .map((change) => ({ at: change.at_ts, version: change.version, view: viewOf(change) })),
    seen: (scenario.see ?? []).map(({ at }) => {
      const until = new PlainModel(scenarioPolicy(scenario));
      for (const input of inputs) if (input.atMs <= at) until.take(input);
      until.passTo(at);
      const view = until.viewAt(at);
      return view && viewOf(view);
    }),
  };
}

function inputsOf(scenario: Scenario): PlainInput[] {
  const settled = settledTimes(scenario.steps);
  const next = { activity: 0, commands: 0 };
  return scenario.steps.map((step, index) => {
    const topic = topicOf(step);
    return { topic, offset: next[topic]++, atMs: settled[index], record: step } as unknown as PlainInput;
  });
}

function viewOf({ presence, status_msg, currently_active, last_active_ts }: PlainView): View {
  return {
    presence,
    currentlyActive: currently_active,
    ...(status_msg === undefined ? {} : { statusMsg: status_msg }),
    ...(last_active_ts === undefined ? {} : { lastActiveAtMs: last_active_ts }),
  };
}
