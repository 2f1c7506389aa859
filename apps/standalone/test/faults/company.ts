// Who shares a room with whom, from the raw records of memberships and rooms, at any vector of positions. Invariant: computed
// from the records alone, pair by pair, in the order of the one partition that a pair's records are in.
import { decodeMembership, decodeRoomPolicy, type TopicNames, type Vector } from '#libs/contracts';
import type { TopicRecords } from './history-oracle.js';

/** One record about a pair, or about a room. */
interface Fact {
  readonly partition: number;
  readonly offset: number;
  readonly holds: boolean;
}

export interface Positions {
  readonly memberships: Vector;
  readonly rooms: Vector;
}

export class Company {
  /** Room → user → whether joined, by position. */
  readonly #joined = new Map<string, Map<string, Fact[]>>();
  readonly #roomsOf = new Map<string, Set<string>>();
  readonly #withheld = new Map<string, Fact[]>();

  constructor(records: TopicRecords, topics: TopicNames) {
    for (const [partition, its] of records(topics.memberships).entries()) {
      for (const { offset, key, value } of its) {
        const decoded = decodeMembership(value, key);
        if (!decoded.ok) continue;
        const { roomId, userId, membership } = decoded.record;
        const room = entry(this.#joined, roomId, () => new Map<string, Fact[]>());
        entry(room, userId, () => []).push({ partition, offset, holds: membership === 'join' });
        entry(this.#roomsOf, userId, () => new Set<string>()).add(roomId);
      }
    }
    for (const [partition, its] of records(topics.rooms).entries()) {
      for (const { offset, key, value } of its) {
        const decoded = decodeRoomPolicy(value, key);
        if (!decoded.ok) continue;
        const { roomId, presence } = decoded.record;
        entry(this.#withheld, roomId, () => []).push({ partition, offset, holds: presence === 'withhold' });
      }
    }
  }

  /** Whether two share a room whose presence is shared; without positions: as it is in the end. */
  shares(one: string, other: string, at?: Positions): boolean {
    for (const roomId of this.#roomsOf.get(one) ?? []) {
      const room = this.#joined.get(roomId);
      if (holds(this.#withheld.get(roomId), at?.rooms)) continue;
      if (holds(room?.get(one), at?.memberships) && holds(room?.get(other), at?.memberships)) return true;
    }
    return false;
  }
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

function holds(facts: readonly Fact[] | undefined, at: Vector | undefined): boolean {
  const last = facts?.findLast(({ partition, offset }) => at === undefined || offset < (at.get(partition) ?? 0));
  return last?.holds ?? false;
}
