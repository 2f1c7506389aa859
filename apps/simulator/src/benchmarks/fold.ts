// The pure fold: inputs into aggregates, changes out, no codec and no log. Users arrive in random order, so that the
// aggregates do not all lie in the cache; time passes as it would at the rate that is being reached.
import { Aggregate, DEFAULT_POLICY, takeActivity, takeCommand } from '#libs/presence';
import { mixedInput, type MixedInput } from '../input-mix.js';
import { seeded } from '../seeded.js';
import type { BenchOptions, BenchResult } from './benchmark.js';
import { Stopwatch } from './measure.js';

const BATCH = 200_000;
const INPUTS_PER_MS = 100;

export async function benchFold({ seconds, users, seed }: BenchOptions): Promise<BenchResult> {
  const draw = seeded(seed);
  const aggregates = Array.from({ length: users }, () => new Aggregate());
  const mix = (): MixedInput[] => Array.from({ length: BATCH }, () => mixedInput(draw, users));
  let changes = 0;
  let inputs = 0;
  const folding = { policy: DEFAULT_POLICY, sink: () => (changes += 1) };
  const run = (batch: readonly MixedInput[]): void => {
    for (const { topic, user, input } of batch) {
      const at = { tMs: 1_700_000_000_000 + Math.floor(inputs / INPUTS_PER_MS), offset: inputs };
      if (topic === 'activity') takeActivity(aggregates[user]!, input, at, folding);
      else takeCommand(aggregates[user]!, input, at, folding);
      inputs += 1;
    }
  };
  for (let warmUp = 0; warmUp < 5; warmUp += 1) run(mix());
  const batches = Array.from({ length: 5 }, mix);
  changes = 0;
  const before = inputs;
  const watch = new Stopwatch();
  for (let turn = 0; watch.seconds < seconds; turn += 1) run(batches[turn % batches.length]!);
  const cost = await watch.stop();
  const operations = inputs - before;
  return {
    workload: '90 % activity, 8 % connects, 2 % commands, one device a user',
    parameters: { users, seed, inputs: operations },
    figures: [
      { name: 'inputs folded', value: operations / cost.wallSeconds, unit: '/s' },
      { name: 'changes made', value: changes / cost.wallSeconds, unit: '/s' },
    ],
    operations,
    cost,
  };
}
