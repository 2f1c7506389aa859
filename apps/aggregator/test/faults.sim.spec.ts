// The aggregator under everything that may befall it, from printed seeds; then healed, and its history compared with the
// undisturbed run's. A failing seed is run alone by `-t 'seed N'`.
import type { ChangeRecord } from '#libs/contracts';
import {
  appliedFault,
  historyFault,
  historyOf,
  registersFromInputs,
  registersOf,
  rejectedFault,
  versionFault,
  type History,
} from './simulation/checks.js';
import { PARTITIONS, drawPlan } from './simulation/plan.js';
import { runWorld, type World } from './simulation/world.js';

const SEEDS = Array.from({ length: 8 }, (_, index) => index + 1);
const SIZE = { users: 8, lengthMs: 80_000, spaced: true };

async function soundness(world: World, history: History): Promise<string | undefined> {
  if (world.tasks.length !== PARTITIONS)
    return `${world.tasks.length} tasks serve: ${JSON.stringify(world.living.map(({ aggregator }) => aggregator.health()))}`;
  return versionFault(history) ?? (await appliedFault(world.log)) ?? (await rejectedFault(world.log));
}

describe('a disturbed aggregator', () => {
  it.each(SEEDS)('tells the undisturbed history, seed %i', async (seed) => {
    const plan = drawPlan(seed, SIZE);
    const calm = await runWorld({ plan });
    const expected = await historyOf(calm.log);
    const world = await runWorld({ plan, seed }, 700);
    const got = await historyOf(world.log);
    expect(await soundness(calm, expected)).toBeUndefined();
    expect(historyFault(expected, got)).toBeUndefined();
    expect(await soundness(world, got)).toBeUndefined();
    expect(registersOf(world)).toEqual(registersOf(calm));
    await Promise.all([calm.stop(), world.stop()]);
  });

  it.each(SEEDS.slice(0, 4))(
    'loses nothing and counts without gaps where the order cannot be known, seed %i',
    async (seed) => {
      const plan = drawPlan(seed + 1_000, { ...SIZE, spaced: false });
      const world = await runWorld({ plan, seed }, 700);
      expect(await soundness(world, await historyOf(world.log))).toBeUndefined();
      const folded = await registersFromInputs(world.log);
      expect(registersOf(world)).toHaveLength(folded.size);
      await world.stop();
    },
  );
});

describe('the checks of the simulation', () => {
  const change = (version: number, atMs: number, life = 0): ChangeRecord => ({
    kind: 'changed',
    userId: '@a:hs' as ChangeRecord['userId'],
    life,
    version,
    atMs,
    view: { presence: 'online', currentlyActive: true },
    before: { presence: 'offline', currentlyActive: false },
    cause: { timer: 'idle' },
    applied: {},
  });
  const history = (...changes: ChangeRecord[]): History => new Map([['@a:hs', changes]]);

  it('see a duplicate, a gap, an early timer and a missing change', () => {
    const right = history(change(1, 10), change(2, 20));
    expect(versionFault(right)).toBeUndefined();
    expect(versionFault(history(change(1, 10), change(1, 10)))).toContain('version 1 after 1');
    expect(versionFault(history(change(1, 10), change(3, 20)))).toContain('version 3 after 1');
    expect(versionFault(history(change(1, 10), change(2, 9)))).toContain('at 9 after');
    expect(historyFault(right, right)).toBeUndefined();
    expect(historyFault(right, history(change(1, 10), change(2, 19)))).toContain('change 1');
    expect(historyFault(right, history(change(1, 10)))).toContain('got none');
    expect(historyFault(right, new Map())).toContain('got none');
  });
});
