// Rooms and doings as records of the log's topics. Invariant: they are what the gateway's and the bridge's own encoders write.
import { encodeActivity, encodeCommand, encodeMembership, membershipKey, type TopicNames } from '#libs/contracts';
import type { EventLog, NewRecord } from '#libs/event-log';
import type { Doing } from '../day-of-users.js';
import { userIdOf } from '../input-mix.js';
import type { Draw } from '../seeded.js';
import { type CrowdOptions, roomsOf } from './crowd.js';

const APPENDED_AT_ONCE = 20_000;

/** Rooms of which most are small: a change has some hundred recipients, a few have thousands. */
export const TOWN: Omit<CrowdOptions, 'users'> = {
  roomsPerUser: 4,
  largestRoom: 1_000,
  exponent: 1.5,
  everybody: true,
};

/** How many memberships there are. What is appended waits for what was before, so that the log keeps up with any crowd. */
export async function appendCrowd(log: EventLog, topic: string, crowd: CrowdOptions, draw: Draw): Promise<number> {
  let records: NewRecord[] = [];
  let count = 0;
  const flush = async (): Promise<void> => {
    if (records.length > 0) await log.append(topic, records);
    count += records.length;
    records = [];
  };
  for (const { room, members } of roomsOf(crowd, draw)) {
    for (const member of members) {
      records.push(membershipOf(room, member));
      if (records.length >= APPENDED_AT_ONCE) await flush();
    }
  }
  await flush();
  return count;
}

export function membershipOf(room: number, user: number): NewRecord {
  const record = { roomId: `!room-${room}:bench.example`, userId: userIdOf(user), membership: 'join' } as const;
  return { key: membershipKey(record.roomId, record.userId), value: encodeMembership(record) };
}

/** Resolves when they are durable. */
export async function appendDoings(log: EventLog, topics: TopicNames, doings: readonly Doing[]): Promise<void> {
  const records: Record<Doing['topic'], NewRecord[]> = { activity: [], commands: [] };
  for (const { topic, user, input } of doings) {
    const userId = userIdOf(user);
    const value = topic === 'activity' ? encodeActivity({ userId, input }) : encodeCommand({ userId, input });
    records[topic].push({ key: userId, value });
  }
  await Promise.all(
    (['activity', 'commands'] as const)
      .filter((topic) => records[topic].length > 0)
      .map((topic) => log.append(topics[topic], records[topic])),
  );
}
