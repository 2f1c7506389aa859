// What the users of a simulation do, drawn from a seed. Invariant: a user's records of different topics lie at least
// SPACING_MS apart, so that their order can be known to every engine that merges by time, however late it reads them:
// only then must a disturbed history be the undisturbed one, byte for byte.
import { topicNames, type TopicNames } from '#libs/contracts';
import type { Policy } from '#libs/presence';
import { Draw } from '#libs/testing';

export const START_MS = 1_800_000_000_000;
export const PARTITIONS = 4;
export const TOPICS: TopicNames = topicNames('presence.');
export const POLICY: Policy = {
  idleAfterMs: 20_000,
  activeForMs: 6_000,
  offlineAfterMs: 3_000,
  busyOfflineAfterMs: 12_000,
  maxLeaseMs: 30_000,
};
export const SPACING_MS = 2_500;

export interface PlannedInput {
  readonly atMs: number;
  readonly topic: 'activity' | 'commands';
  readonly userId: string;
  readonly value: string;
}

export interface Plan {
  readonly users: readonly string[];
  /** In the order of their times. */
  readonly inputs: readonly PlannedInput[];
  readonly endMs: number;
}

export interface PlanSize {
  readonly users: number;
  readonly lengthMs: number;
  /** false: records of both topics may come as close as they like. */
  readonly spaced: boolean;
}

export function drawPlan(seed: number, { users, lengthMs, spaced }: PlanSize): Plan {
  const draw = new Draw(seed);
  const names = Array.from({ length: users }, (_, index) => `@user${index}:hs`);
  const inputs = names.flatMap((userId) => userInputs(draw, userId, { lengthMs, spaced }));
  inputs.sort((one, other) => one.atMs - other.atMs);
  return { users: names, inputs, endMs: START_MS + lengthMs };
}

function userInputs(draw: Draw, userId: string, { lengthMs, spaced }: Omit<PlanSize, 'users'>): PlannedInput[] {
  const inputs: PlannedInput[] = [];
  let last: PlannedInput['topic'] | undefined;
  for (
    let atMs = START_MS + draw.below(5_000);
    atMs < START_MS + lengthMs;
    atMs += draw.of([1, 40, 400, 1_500, 4_000, 9_000])
  ) {
    const topic = draw.chance(0.75) ? 'activity' : 'commands';
    if (spaced && last !== undefined && last !== topic) atMs += SPACING_MS;
    last = topic;
    const fields = topic === 'activity' ? activity(draw) : command(draw);
    const value = draw.chance(0.02) ? '{"type":"nonsense"}' : JSON.stringify({ v: 1, user_id: userId, ...fields });
    inputs.push({ atMs, topic, userId, value });
  }
  return inputs;
}

function activity(draw: Draw): object {
  const device = { device_id: draw.of(['A', 'B']) };
  const session = { ...device, session_id: draw.of(['1', '2']) };
  if (draw.chance(0.5)) return { type: 'device.active', ...device };
  if (draw.chance(0.3)) return { type: 'device.disconnected', ...session, ago_ms: draw.of([0, 500, 2_000]) };
  return {
    type: 'device.connected',
    ...session,
    claim: draw.of(['auto', 'auto', 'online', 'unavailable', 'none']),
    lease_ms: draw.of([2_000, 10_000, 30_000]),
  };
}

function command(draw: Draw): object {
  if (draw.chance(0.07)) return { type: 'user.forget' };
  if (draw.chance(0.2)) return { type: 'presence.override', presence: draw.of(['busy', 'offline', null, null]) };
  return {
    type: 'presence.set',
    device_id: draw.of(['A', 'B']),
    presence: draw.of(['online', 'unavailable', 'offline', 'busy']),
    status_msg: draw.of(['', 'hi', 'away']),
  };
}
