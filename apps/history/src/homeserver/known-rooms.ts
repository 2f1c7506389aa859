// What the log says already of who is where, read once before an import. Invariant: it is changed only by what the import itself
// has made durable.
import { decodeMembership, decodeRoomPolicy, type RoomPolicyWord, type TopicNames } from '#libs/contracts';
import type { EventLog, LogRecord } from '#libs/event-log';

const textOf = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString('utf8');

export class KnownRooms {
  readonly #members = new Map<string, Set<string>>();
  readonly #withheld = new Set<string>();

  static async read(log: EventLog, topics: TopicNames): Promise<KnownRooms> {
    const known = new KnownRooms();
    await eachRecord(log, topics.memberships, ({ key, value }) => {
      const decoded = decodeMembership(textOf(value), textOf(key));
      // A broken record is nobody's membership; the fan-out rejects it.
      if (decoded.ok) known.set(decoded.record.roomId, decoded.record.userId, decoded.record.membership === 'join');
    });
    await eachRecord(log, topics.rooms, ({ key, value }) => {
      const decoded = decodeRoomPolicy(textOf(value), textOf(key));
      if (decoded.ok) known.setPolicy(decoded.record.roomId, decoded.record.presence);
    });
    return known;
  }

  rooms(): readonly string[] {
    return [...this.#members.keys()];
  }

  members(roomId: string): ReadonlySet<string> {
    return this.#members.get(roomId) ?? new Set();
  }

  set(roomId: string, userId: string, isJoined: boolean): void {
    const members = this.#members.get(roomId) ?? new Set();
    if (isJoined) members.add(userId);
    else members.delete(userId);
    if (members.size > 0) this.#members.set(roomId, members);
    else this.#members.delete(roomId);
  }

  policyOf(roomId: string): RoomPolicyWord {
    return this.#withheld.has(roomId) ? 'withhold' : 'share';
  }

  setPolicy(roomId: string, policy: RoomPolicyWord): void {
    if (policy === 'withhold') this.#withheld.add(roomId);
    else this.#withheld.delete(roomId);
  }
}

async function eachRecord(log: EventLog, topic: string, take: (record: LogRecord) => void): Promise<void> {
  for (const [partition, end] of (await log.ends(topic)).entries()) {
    for await (const { records } of log.read(topic, partition, 0, end)) records.forEach(take);
  }
}
