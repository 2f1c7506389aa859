// The pure fan-out: stored changes decoded, raised, joined with memberships and made into the texts of frames; no log. Rooms
// by power law, so that most changes have tens of recipients and a few have thousands.
import { Tables, Telling, readChange } from '#apps/fanout';
import { encodeChange, topicNames } from '#libs/contracts';
import { partitionOf, type EventLog, type LogRecord } from '#libs/event-log';
import type { View } from '#libs/presence';
import { seeded } from '../seeded.js';
import type { BenchOptions, BenchResult } from './benchmark.js';
import { Stopwatch } from './measure.js';

const PARTITIONS = 8;
const ROOMS_PER_USER = 10;
const LARGEST_ROOM = 5_000;
const POWER = 1.1;
const CHANGES_PER_STEP = 50;
const STEPS = 200;
const MAX_FRAME_BYTES = 384 * 1024;
const VIEW: View = { presence: 'online', currentlyActive: true, lastActiveAtMs: 1_700_000_000_000 };

export async function benchFanout({ seconds, users, seed }: BenchOptions): Promise<BenchResult> {
  const draw = seeded(seed);
  const tables = crowd(users, draw);
  const steps = Array.from({ length: STEPS }, () => changesOf(users, draw));
  const telling = new Telling(tables, { count: 0, of: () => undefined }, 0, MAX_FRAME_BYTES);
  const told = { recipients: 0, bytes: 0, frames: 0 };
  const run = (records: readonly LogRecord[]): void => {
    const senders = new Set<number>();
    for (const record of records) {
      const change = readChange(record);
      if (typeof change === 'string') throw new Error(change);
      tables.states.raise(change);
      senders.add(tables.users.intern(change.userId));
    }
    for (const sender of senders) telling.tellInterested(sender);
    for (const { bytes, recipients } of telling.take().frames) {
      told.recipients += recipients;
      told.frames += 1;
      told.bytes += bytes.byteLength;
    }
  };
  for (const records of steps) run(records);
  Object.assign(told, { recipients: 0, bytes: 0, frames: 0 });
  let changes = 0;
  const watch = new Stopwatch();
  for (let turn = 0; watch.seconds < seconds; turn += 1) {
    run(steps[turn % STEPS]!);
    changes += CHANGES_PER_STEP;
  }
  const cost = await watch.stop();
  const { interest } = tables.memberships;
  return {
    workload: `rooms by power law (exponent ${POWER}, up to ${LARGEST_ROOM} members); frames as bytes, ${PARTITIONS} delivery partitions`,
    parameters: { users, seed, memberships: interest.memberships, rooms: interest.rooms.size, changes },
    figures: [
      { name: 'recipient-changes', value: told.recipients / cost.wallSeconds, unit: '/s' },
      { name: 'changes', value: changes / cost.wallSeconds, unit: '/s' },
      { name: 'recipients a change', value: told.recipients / changes, unit: '' },
      { name: 'frames', value: told.bytes / cost.wallSeconds / 2 ** 20, unit: 'MiB/s' },
      { name: 'memory of interest', value: interest.bytes / interest.memberships, unit: 'bytes a membership' },
    ],
    operations: told.recipients,
    cost,
  };
}

function nameOf(user: number): string {
  return `@user-${user}:example.org`;
}

function crowd(users: number, draw: () => number): Tables {
  const log: Pick<EventLog, 'partitionOf'> = { partitionOf };
  const counts = {
    changes: PARTITIONS,
    states: PARTITIONS,
    memberships: PARTITIONS,
    rooms: PARTITIONS,
    deliveries: PARTITIONS,
  };
  const tables = Tables.unread({
    log,
    topics: topicNames('presence.'),
    partitions: counts,
    maxRoomMembers: LARGEST_ROOM * 2,
  });
  const { interest } = tables.memberships;
  for (let user = 0; user < users; user += 1) interest.users.intern(nameOf(user));
  while (interest.memberships < users * ROOMS_PER_USER) {
    const room = interest.rooms.intern(`!room-${interest.rooms.size}:example.org`);
    const size = Math.min(LARGEST_ROOM, Math.floor(2 / Math.pow(1 - draw(), 1 / POWER)));
    for (let member = 0; member < size; member += 1) interest.apply(room, Math.floor(draw() * users), 'join');
  }
  return tables;
}

let version = 0;

function changesOf(users: number, draw: () => number): LogRecord[] {
  return Array.from({ length: CHANGES_PER_STEP }, (_, offset) => {
    const userId = nameOf(Math.floor(draw() * users));
    const circumstances = { cause: { timer: 'active' }, applied: { activity: 1 } } as const;
    version += 1;
    const text = encodeChange({
      kind: 'changed',
      userId,
      life: 0,
      version,
      atMs: 1_700_000_000_000,
      view: VIEW,
      before: VIEW,
      ...circumstances,
    });
    return { offset, timestampMs: 0, key: Buffer.from(userId), value: Buffer.from(text) };
  });
}
