// What a user costs an aggregator that knows them, and what a membership costs a fan-out: heap and buffers after a full
// collection, before and after. Every user is active: one device, one open session, one activity; every fifth also has a PUT.
import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { PresenceFold } from '#apps/aggregator';
import { encodeActivity, encodeCommand, topicNames } from '#libs/contracts';
import { Interest } from '#libs/interest';
import { DEFAULT_POLICY, type ActivityInput } from '#libs/presence';
import { RollingCheckpoint, TimingWheel, type TaskHandle } from '#libs/processing';
import { FIELD, roomsOf } from '../load/crowd.js';
import { userIdOf } from '../input-mix.js';
import { seeded } from '../seeded.js';
import type { BenchOptions, BenchResult } from './benchmark.js';
import { Stopwatch } from './measure.js';

const START_MS = 1_700_000_000_000;
const WITH_PUT = 5;

/** Ids of its own, of the usual lengths. */
const deviceOf = (user: number): string => `KJA${String(user).padStart(7, 'X')}`;

const inputsOf = (user: number): readonly ActivityInput[] => [
  { type: 'device.connected', deviceId: deviceOf(user), sessionId: `a1b2c3-${user}`, claim: 'auto', leaseMs: 300_000 },
  { type: 'device.active', deviceId: deviceOf(user) },
];

export async function benchMemory({ users, seed }: BenchOptions): Promise<BenchResult> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const watch = new Stopwatch();
  const empty = held(collect);
  const fold = foldOf(users);
  const perUser = (held(collect) - empty) / users;
  const size = fold.size;
  const beforeRooms = held(collect);
  const interest = interestOf(users, seed);
  const perMembership = (held(collect) - beforeRooms) / interest.memberships;
  const { memberships } = interest;
  return {
    workload: 'users with a device, an open session and activity, every fifth with a PUT; rooms by power law',
    parameters: { users: size, memberships, seed },
    figures: [
      { name: 'aggregator', value: perUser, unit: 'bytes a user' },
      {
        name: 'fan-out and gateway',
        value: perMembership,
        unit: 'bytes a membership, names of users and rooms included',
      },
      { name: 'the table alone', value: interest.bytes / memberships, unit: 'bytes a membership' },
    ],
    operations: users,
    cost: await watch.stop(),
  };
}

/** Heap and buffers that are reachable, bytes. */
function held(collect: () => void): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function foldOf(users: number): PresenceFold {
  const wheel = new TimingWheel(START_MS);
  const checkpoint = new RollingCheckpoint({ sweepInputs: 1_000_000, sweepMs: 60_000 });
  const handle: TaskHandle = {
    partition: 0,
    partitions: 1,
    write: () => undefined,
    appliedOffset: () => -1,
    arm: (id, deadlineMs) => wheel.arm(id, deadlineMs),
    markDirty: (id) => checkpoint.markDirty(id),
    markSaved: (id) => checkpoint.markSaved(id),
  };
  const fold = new PresenceFold(handle, { topics: topicNames('presence.'), policy: DEFAULT_POLICY });
  let offset = 0;
  const take = (input: number, key: string, value: string): void => {
    const record = { offset, timestampMs: START_MS + offset, key: Buffer.from(key), value: Buffer.from(value) };
    offset += 1;
    fold.take(input, record, record.timestampMs);
  };
  for (let user = 0; user < users; user += 1) {
    const userId = userIdOf(user);
    for (const input of inputsOf(user)) take(0, userId, encodeActivity({ userId, input }));
    if (user % WITH_PUT !== 0) continue;
    const put = {
      type: 'presence.set',
      deviceId: deviceOf(user),
      presence: 'online',
      statusMsg: `turn ${user}`,
    } as const;
    take(1, userId, encodeCommand({ userId, input: put }));
    if (user % 1_000 === 0) fold.flush(START_MS);
  }
  fold.flush(START_MS);
  return fold;
}

function interestOf(users: number, seed: number): Interest {
  const interest = new Interest({ maxRoomMembers: FIELD.largestRoom * 2 });
  for (const { room, members } of roomsOf({ ...FIELD, users }, seeded(seed))) {
    const id = interest.rooms.intern(`!room-${room}:bench.example`);
    for (const member of members) interest.apply(id, interest.users.intern(userIdOf(member)), 'join');
  }
  return interest;
}
