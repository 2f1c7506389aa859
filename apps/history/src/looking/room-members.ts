// Who was joined to a room at a time. Invariant: it answers only for times of which compaction has taken nothing yet; of older ones
// it says so.
import { membershipKey, pairOf, decodeMembership, type TopicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { Failure } from '../failure.js';
import { shownTime } from '../exporting/window.js';

export interface RoomOptions {
  readonly log: EventLog;
  readonly topics: TopicNames;
  readonly roomId: string;
  readonly atMs: number;
  readonly nowMs: number;
}

export async function membersAt({ log, topics, roomId, atMs, nowMs }: RoomOptions): Promise<ReadonlySet<string>> {
  const topic = await log.describeTopic(topics.memberships);
  if (topic === undefined) throw new Failure(`There is no topic ${topics.memberships}.`);
  const lagMs = topic.minCompactionLagMs ?? 0;
  if (atMs < nowMs - lagMs) {
    throw new Failure(
      `Who was in a room is known back to ${shownTime(nowMs - lagMs)} (the compaction lag of ${topics.memberships}, ${lagMs} ms): ${shownTime(atMs)} is earlier. --user answers for any time that presence.changes holds.`,
    );
  }
  const prefix = Buffer.from(membershipKey(roomId, ''));
  const joined = new Map<string, boolean>();
  const ends = await log.ends(topics.memberships);
  for (const [partition, end] of ends.entries()) {
    for await (const { records } of log.read(topics.memberships, partition, 0, end)) {
      for (const { key, value, timestampMs } of records) {
        if (key === null || timestampMs > atMs || !isPrefix(prefix, key)) continue;
        const keyText = Buffer.from(key).toString('utf8');
        const pair = pairOf(keyText);
        if (pair === undefined || pair.roomId !== roomId) continue;
        const decoded = value === null ? undefined : decodeMembership(Buffer.from(value).toString('utf8'), keyText);
        if (decoded?.ok === false) continue;
        joined.set(pair.userId, decoded?.record.membership === 'join');
      }
    }
  }
  if (joined.size === 0) throw new Failure(`Nothing is known of the room ${roomId} at ${shownTime(atMs)}.`);
  return new Set([...joined].filter(([, isJoined]) => isJoined).map(([userId]) => userId));
}

function isPrefix(prefix: Uint8Array, bytes: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false;
  for (let index = 0; index < prefix.length; index += 1) if (bytes[index] !== prefix[index]) return false;
  return true;
}
