// The computation of sizes: in proportion, with what was not measured marked, and refusing figures that are missing.
import { ALL, ALL_QUICK } from './benchmarks/all.js';
import { measuredBy } from './figures-file.js';
import type { ToldResult } from './report.js';
import { ASSUMED, sizingOf, sizingTable } from './sizing.js';

const MEASURED = {
  foldCpuSecondsPerMillion: 10,
  foldBrokerCpuSecondsPerMillion: 4,
  deliverCpuSecondsPerMillion: 0.5,
  pollCpuMs: 0.2,
  restoredUsersPerSecond: 200_000,
  aggregatorBytesAUser: 800,
  bytesAMembership: 13,
  users: 1_000_000,
};

describe('sizes', () => {
  it('follow from what was measured', () => {
    const sizing = sizingOf(1_200_000, MEASURED);
    expect(sizing.inputsPerSecond).toBeCloseTo(120_000 * (1 / 60 + 1 / 120));
    expect(sizing.aggregatorCores).toBeCloseTo((sizing.inputsPerSecond * 10) / 1e6 / ASSUMED.load);
    expect(sizing.aggregatorMemoryGib).toBeCloseTo((1_200_000 * 800) / 2 ** 30);
    expect(sizing.partitions).toBe(8);
  });

  it('grow in proportion, partitions to the next power of two', () => {
    const [small, large] = [sizingOf(1_000_000, MEASURED), sizingOf(100_000_000, MEASURED)];
    expect(large.aggregatorCores / small.aggregatorCores).toBeCloseTo(100);
    expect(large.partitions).toBe(32);
  });

  it('say what is extrapolated and what is assumed', () => {
    const table = sizingTable(MEASURED);
    expect(table.split('\n')[0]).toBe('| users | 1,000,000 | 10,000,000 (extrapolated) | 100,000,000 (extrapolated) |');
    for (const name of Object.keys(ASSUMED)) expect(table).toContain(name);
  });

  it('are not made of figures that are missing', () => {
    expect(() => measuredBy([])).toThrow('there is no result of aggregate');
    const aggregate = { benchmark: 'aggregate', figures: {} } as unknown as ToldResult;
    expect(() => measuredBy([aggregate])).toThrow('the result of aggregate has no figure "CPU"');
  });
});

test('sizes go by the points of growth that are nearest to a deployment', () => {
  const grown = (axis: string, value: number, cpu: number): ToldResult =>
    ({
      benchmark: 'growth',
      parameters: { axis, value, users: axis === 'users' ? value : 50_000 },
      figures: { CPU: { value: cpu, unit: '' }, 'CPU of the broker': { value: cpu / 2, unit: '' } },
    }) as unknown as ToldResult;
  const other = (benchmark: string, ...names: readonly string[]): ToldResult =>
    ({
      benchmark,
      parameters: {},
      figures: Object.fromEntries(names.map((name) => [name, { value: 1, unit: '' }])),
      cost: { cpuSecondsPerMillion: 1 },
    }) as unknown as ToldResult;
  const measured = measuredBy([
    grown('users', 1_000_000, 12),
    grown('users', 10_000, 8),
    grown('recipients', 100, 3),
    grown('recipients', 10, 9),
    other('steady', 'CPU a poll'),
    other('restore', 'users restored'),
    other('memory', 'aggregator', 'the table alone'),
  ]);
  expect(measured).toMatchObject({
    foldCpuSecondsPerMillion: 12,
    foldBrokerCpuSecondsPerMillion: 6,
    deliverCpuSecondsPerMillion: 3,
    users: 1_000_000,
  });
});

test('all of them runs what sizing needs', () => {
  const names = new Set(ALL.map(([name]) => name));
  expect(new Set(ALL_QUICK.map(([name]) => name))).toEqual(names);
  for (const needed of ['aggregate', 'deliver', 'steady', 'restore', 'memory']) expect(names).toContain(needed);
});
