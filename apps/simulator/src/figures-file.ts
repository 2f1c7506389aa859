// The figures that `sizing` goes by, out of what `all --json` printed. Invariant: a figure that is not there is named; none is
// made up.
import { readFileSync } from 'node:fs';
import type { ToldResult } from './report.js';
import { ASSUMED, type Measured } from './sizing.js';

export function measuredIn(file: string): Measured {
  const results = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as ToldResult);
  return measuredBy(results);
}

export function measuredBy(results: readonly ToldResult[]): Measured {
  const resultOf = (benchmark: string): ToldResult => {
    const found = results.find((result) => result.benchmark === benchmark);
    if (found === undefined)
      throw new Error(`there is no result of ${benchmark}: npm run -s bench -- all --json > FILE`);
    return found;
  };
  const figure = (benchmark: string, name: string): number => {
    const found = resultOf(benchmark).figures[name];
    if (found === undefined) throw new Error(`the result of ${benchmark} has no figure "${name}"`);
    return found.value;
  };
  // Nearer to what a deployment has than the usual workloads, where it was measured.
  const mostUsers = growthAlong(results, 'users').at(-1);
  const fewRecipients = growthAlong(results, 'recipients').find(({ value }) => value >= ASSUMED.recipientsAChange);
  return {
    foldCpuSecondsPerMillion: mostUsers?.cpu ?? figure('aggregate', 'CPU'),
    foldBrokerCpuSecondsPerMillion: mostUsers?.brokerCpu ?? figure('aggregate', 'CPU of the broker'),
    deliverCpuSecondsPerMillion: fewRecipients?.cpu ?? resultOf('deliver').cost.cpuSecondsPerMillion,
    pollCpuMs: figure('steady', 'CPU a poll'),
    restoredUsersPerSecond: figure('restore', 'users restored'),
    aggregatorBytesAUser: figure('memory', 'aggregator'),
    bytesAMembership: figure('memory', 'the table alone'),
    users: Math.max(...results.map(({ parameters }) => Number(parameters['users'] ?? 0))),
  };
}

interface Grown {
  readonly value: number;
  readonly cpu: number;
  readonly brokerCpu: number;
}

/** Points of `growth` along an axis, the smallest first. */
function growthAlong(results: readonly ToldResult[], axis: string): Grown[] {
  return results
    .filter(({ benchmark, parameters }) => benchmark === 'growth' && parameters['axis'] === axis)
    .map(({ parameters, figures }) => ({
      value: Number(parameters['value']),
      cpu: figures['CPU']?.value ?? Number.NaN,
      brokerCpu: figures['CPU of the broker']?.value ?? Number.NaN,
    }))
    .sort((one, other) => one.value - other.value);
}
