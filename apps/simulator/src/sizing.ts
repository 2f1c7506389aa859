// How many processes, partitions and brokers a deployment needs, computed from measured figures. Pure: figures and a number of
// users in, a table out. Invariant: everything beyond the size at which something was measured is marked as extrapolated, and
// every assumption about people stands in the output.
import { readable } from './report.js';

/** What the computation goes by. */
export interface Measured {
  readonly foldCpuSecondsPerMillion: number;
  readonly foldBrokerCpuSecondsPerMillion: number;
  readonly deliverCpuSecondsPerMillion: number;
  readonly pollCpuMs: number;
  readonly restoredUsersPerSecond: number;
  readonly aggregatorBytesAUser: number;
  readonly bytesAMembership: number;
  /** The most users that any of it was measured with. */
  readonly users: number;
}

/** What is assumed of people; all of it is printed. */
export const ASSUMED = {
  /** Of all users at the busiest hour. */
  onlineShare: 0.1,
  /** Activity of an online user, told to the engine once in so many seconds; and a renewal. */
  activityEverySeconds: 60,
  renewalEverySeconds: 120,
  changesAnHour: 6,
  recipientsAChange: 50,
  pollEverySeconds: 30,
  roomsAUser: 20,
  /** Of a core, so that there is room for a day that is worse. */
  load: 0.5,
  /** How long a take-over may take. */
  takeOverSeconds: 30,
  replicas: 3,
  bytesAnInput: 180,
} as const;

export const SIZES = [1_000_000, 10_000_000, 100_000_000] as const;

export interface Sizing {
  readonly users: number;
  readonly inputsPerSecond: number;
  readonly deliveriesPerSecond: number;
  readonly aggregatorCores: number;
  readonly aggregatorMemoryGib: number;
  readonly fanoutCores: number;
  readonly fanoutMemoryGib: number;
  readonly gatewayCores: number;
  readonly brokerCores: number;
  readonly brokerMegabytesPerSecond: number;
  readonly partitions: number;
  readonly isExtrapolated: boolean;
}

export function sizingOf(users: number, measured: Measured): Sizing {
  const online = users * ASSUMED.onlineShare;
  const inputsPerSecond = online * (1 / ASSUMED.activityEverySeconds + 1 / ASSUMED.renewalEverySeconds);
  const changesPerSecond = (online * ASSUMED.changesAnHour) / 3600;
  const deliveriesPerSecond = changesPerSecond * ASSUMED.recipientsAChange;
  const cores = (perSecond: number, cpuSecondsPerMillion: number): number =>
    (perSecond * cpuSecondsPerMillion) / 1e6 / ASSUMED.load;
  const usersAPartition = measured.restoredUsersPerSecond * ASSUMED.takeOverSeconds;
  const fanoutCores = cores(deliveriesPerSecond, measured.deliverCpuSecondsPerMillion);
  return {
    users,
    inputsPerSecond,
    deliveriesPerSecond,
    aggregatorCores: cores(inputsPerSecond, measured.foldCpuSecondsPerMillion),
    aggregatorMemoryGib: (users * measured.aggregatorBytesAUser) / 2 ** 30,
    fanoutCores,
    // Every instance holds all memberships.
    fanoutMemoryGib: (users * ASSUMED.roomsAUser * measured.bytesAMembership * Math.ceil(fanoutCores)) / 2 ** 30,
    gatewayCores: cores(online / ASSUMED.pollEverySeconds, measured.pollCpuMs * 1000),
    brokerCores: cores(inputsPerSecond, measured.foldBrokerCpuSecondsPerMillion) * ASSUMED.replicas,
    brokerMegabytesPerSecond: (inputsPerSecond * ASSUMED.bytesAnInput * ASSUMED.replicas) / 1e6,
    partitions: powerOfTwo(Math.max(8, users / usersAPartition)),
    isExtrapolated: users > measured.users,
  };
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}

export function sizingTable(measured: Measured): string {
  const sizings = SIZES.map((users) => sizingOf(users, measured));
  const row = (name: string, of: (sizing: Sizing) => string): string => `| ${name} | ${sizings.map(of).join(' | ')} |`;
  return [
    row('users', ({ users, isExtrapolated }) => `${readable(users)}${isExtrapolated ? ' (extrapolated)' : ''}`),
    `| --- |${SIZES.map(() => ' --- |').join('')}`,
    row('inputs a second, busiest hour', ({ inputsPerSecond }) => readable(inputsPerSecond)),
    row('deliveries a second', ({ deliveriesPerSecond }) => readable(deliveriesPerSecond)),
    row('partitions', ({ partitions }) => readable(partitions)),
    row('aggregators, cores in all', ({ aggregatorCores }) => readable(aggregatorCores)),
    row('aggregators, memory in all', ({ aggregatorMemoryGib }) => `${readable(aggregatorMemoryGib)} GiB`),
    row('fan-outs, cores in all', ({ fanoutCores }) => readable(fanoutCores)),
    row('fan-outs, memory in all', ({ fanoutMemoryGib }) => `${readable(fanoutMemoryGib)} GiB`),
    row('gateways, cores in all (long poll)', ({ gatewayCores }) => readable(gatewayCores)),
    row('brokers, cores in all', ({ brokerCores }) => readable(brokerCores)),
    row('brokers, written', ({ brokerMegabytesPerSecond }) => `${readable(brokerMegabytesPerSecond)} MB/s`),
    '',
    `Assumed: ${Object.entries(ASSUMED)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}.`,
    `Measured: ${Object.entries<number>({ ...measured })
      .map(([name, value]) => `${name} ${readable(value)}`)
      .join(', ')}.`,
    `Costs are taken to grow in proportion; nothing was measured with more than ${readable(measured.users)} users.`,
  ].join('\n');
}
