// The keys under which records are written, and what a key says by itself (of a tombstone there is nothing else).
// Invariant: a record whose key is not the one its content demands is in the wrong partition, and is refused.
import { isRoomId, isUserId, type RoomId, type UserId } from '#libs/matrix';
import { type Undecodable, undecodable } from './decoded.js';
import { quoted } from './explain.js';

/** The key of `!progress` records in `presence.states`; no user id begins with `!`. */
export const PROGRESS_KEY = '!progress';

/** The key of beginnings and ends in `presence.snapshots`; in `presence.registers`, of the beginning of the last whole one. */
export const SNAPSHOT_KEY = '!snapshot';
/** The key of `presence.order` records in `presence.snapshots`. */
export const ORDER_KEY = '!order';

const SEPARATOR = '|';

export function membershipKey(roomId: string, userId: string): string {
  return roomId + SEPARATOR + userId;
}

export interface Pair {
  readonly roomId: RoomId;
  readonly userId: UserId;
}

/**
 * The pair that a membership key names; undefined = none. Localparts may hold the separator, server names cannot: at
 * most one split gives two ids, which are sought from the left.
 */
export function pairOf(key: string): Pair | undefined {
  for (let at = key.indexOf(`${SEPARATOR}@`); at >= 0; at = key.indexOf(`${SEPARATOR}@`, at + 1)) {
    const roomId = key.slice(0, at);
    const userId = key.slice(at + 1);
    if (isRoomId(roomId) && isUserId(userId)) return { roomId, userId };
  }
  return undefined;
}

/** A key that Kafka's default partitioner puts elsewhere: whoever wrote it uses another, and order would be lost. */
export function misplaced(key: string, found: number, wanted: number): Undecodable {
  const advice = "write with Kafka's default partitioner, murmur2 (librdkafka: partitioner=murmur2_random)";
  return undecodable(`the key ${quoted(key)} belongs to partition ${wanted}, not to partition ${found}: ${advice}`);
}

/** Undefined = the key is right. `wanted` is what the content says, `name` what it is called. */
export function keyFault(key: string | null, wanted: string, name: string): Undecodable | undefined {
  if (key === wanted) return undefined;
  if (key === null) return undecodable(`the record has no key: it must be its ${name}, ${quoted(wanted)}`);
  return undecodable(`the key is ${quoted(key)}, but must be its ${name}, ${quoted(wanted)}`);
}
