// What really happened, kept beside the log by whoever makes it happen: every version of every user, and every record of
// memberships and rooms with its place. Invariant: knows nothing of the fan-out; computes interest from plain sets.
import {
  encodeChange,
  encodeMembership,
  encodeRoomPolicy,
  encodeState,
  membershipKey,
  topicNames,
  type MembershipWord,
  type RoomPolicyWord,
} from '#libs/contracts';
import type { MemoryEventLog, NewRecord } from '#libs/event-log';
import type { View } from '#libs/presence';
import { LIFE_HEADER } from '#libs/views';

export const PREFIX = 'presence.';
export const TOPICS = topicNames(PREFIX);
export const OFFLINE: View = { presence: 'offline', currentlyActive: false };

export interface Told {
  readonly life: number;
  readonly version: number;
  /** Absent: forgotten. */
  readonly view?: View;
  readonly changedAtMs: number;
  /** Where rooms ended when this became durable: policies before that must be respected whenever it is told. */
  readonly roomsEnds: readonly number[];
}

interface Placed {
  readonly partition: number;
  readonly offset: number;
}
type MembershipFact = Placed & { readonly roomId: string; readonly userId: string; readonly joined: boolean };
type PolicyFact = Placed & { readonly roomId: string; readonly withheld: boolean };

export interface Positions {
  readonly memberships: ReadonlyMap<number, number>;
  readonly rooms: ReadonlyMap<number, number>;
}

export class Truth {
  readonly told = new Map<string, Told[]>();
  readonly #memberships: MembershipFact[] = [];
  readonly #policies: PolicyFact[] = [];

  constructor(
    private readonly log: MemoryEventLog,
    private readonly nowMs: () => number,
  ) {}

  latest(userId: string): Told | undefined {
    return this.told.get(userId)?.at(-1);
  }

  /** As the aggregator does: change and state in one transaction. */
  async change(userId: string, view: View, headers?: NewRecord['headers']): Promise<void> {
    const before = this.latest(userId);
    const life = before?.life ?? 0;
    const version = (before?.version ?? 0) + 1;
    const atMs = this.nowMs();
    const circumstances = { cause: { topic: 'activity', offset: 0 }, applied: { activity: 0 } } as const;
    const change = encodeChange({
      kind: 'changed',
      userId,
      life,
      version,
      atMs,
      view,
      before: before?.view ?? OFFLINE,
      ...circumstances,
    });
    const state = encodeState({ userId, life, version, changedAtMs: atMs, view });
    await this.#publish(userId, { value: change, headers }, state, { life, version, view, changedAtMs: atMs });
  }

  async forget(userId: string): Promise<void> {
    const before = this.latest(userId);
    if (before === undefined) return;
    const { life, version } = before;
    const atMs = this.nowMs();
    const change = encodeChange({
      kind: 'forgotten',
      userId,
      life,
      version,
      atMs,
      cause: { topic: 'commands', offset: 0 },
      applied: { commands: 0 },
    });
    await this.#publish(userId, { value: change }, null, { life: life + 1, version: 0, changedAtMs: atMs });
  }

  async membership(roomId: string, userId: string, membership: MembershipWord | null): Promise<void> {
    const value = membership === null ? null : encodeMembership({ roomId, userId, membership });
    const [placed] = await this.log.append(TOPICS.memberships, [{ key: membershipKey(roomId, userId), value }]);
    this.#memberships.push({ ...(placed as Placed), roomId, userId, joined: membership === 'join' });
  }

  async policy(roomId: string, presence: RoomPolicyWord | null): Promise<void> {
    const value = presence === null ? null : encodeRoomPolicy({ roomId, presence });
    const [placed] = await this.log.append(TOPICS.rooms, [{ key: roomId, value }]);
    this.#policies.push({ ...(placed as Placed), roomId, withheld: presence === 'withhold' });
  }

  /** Pairs `recipient sender` of mutual interest; `at` absent = now. */
  interest(at?: Positions): Set<string> {
    const joined = new Map<string, Set<string>>();
    for (const fact of this.#memberships) {
      if (at !== undefined && fact.offset >= (at.memberships.get(fact.partition) ?? 0)) continue;
      const members = joined.get(fact.roomId) ?? new Set();
      joined.set(fact.roomId, members);
      if (fact.joined) members.add(fact.userId);
      else members.delete(fact.userId);
    }
    for (const fact of this.#policies) {
      if (at !== undefined && fact.offset >= (at.rooms.get(fact.partition) ?? 0)) continue;
      if (fact.withheld) joined.set(`withheld ${fact.roomId}`, new Set());
      else joined.delete(`withheld ${fact.roomId}`);
    }
    const pairs = new Set<string>();
    for (const [roomId, members] of joined) {
      if (joined.has(`withheld ${roomId}`)) continue;
      for (const one of members) for (const other of members) pairs.add(`${one} ${other}`);
    }
    return pairs;
  }

  async #publish(
    userId: string,
    change: Pick<NewRecord, 'value' | 'headers'>,
    state: string | null,
    told: Omit<Told, 'roomsEnds'>,
  ): Promise<void> {
    const partition = this.log.partitionOf(userId, (await this.log.ends(TOPICS.changes)).length);
    const record = (value: string | null): NewRecord => ({ key: userId, value, partition });
    const tombstone: NewRecord = { ...record(null), headers: { [LIFE_HEADER]: String(told.life - 1) } };
    const transactor = await this.log.transactor(`aggregator-${partition}`);
    const roomsEnds = [...(await this.log.ends(TOPICS.rooms))];
    await transactor.transact({
      appends: [
        { topic: TOPICS.changes, records: [{ key: userId, partition, ...change }] },
        { topic: TOPICS.states, records: [state === null ? tombstone : record(state)] },
      ],
    });
    const known = this.told.get(userId) ?? [];
    known.push({ ...told, roomsEnds });
    this.told.set(userId, known);
  }
}
