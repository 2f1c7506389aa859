// Records as the aggregator and the fan-out write them, by hand, on a real log, and a gateway that reads them when it is told
// to: for specs that must put every reader exactly where they want it. Invariant: records go through the contracts' own
// encoders; nothing here knows more of presence than that.
import {
  encodeFrame,
  encodeMembership,
  encodeState,
  frameHeaders,
  membershipKey,
  topicNames,
  topicSpecs,
  type News,
} from '#libs/contracts';
import { MemoryEventLog, type Clock, type EventLog } from '#libs/event-log';
import type { View } from '#libs/presence';
import { Journal, Metrics } from '#libs/runtime';
import type { Authentication } from '../authentication/caller.js';
import { Gateway } from '../gateway.js';
import type { GatewayBounds } from '../gateway-options.js';

export const PARTITIONS = 2;
export const TOPICS = topicNames('p.');
const NOBODY: Authentication = { methods: [], check: () => ({ kind: 'refused', reason: 'nobody' }) };

export const ONLINE: View = { presence: 'online', currentlyActive: true, lastActiveAtMs: 1 };
export const UNAVAILABLE: View = { presence: 'unavailable', currentlyActive: false, lastActiveAtMs: 1 };
export const OFFLINE: View = { presence: 'offline', currentlyActive: false, lastActiveAtMs: 1 };

export interface Told {
  readonly userId: string;
  readonly version: number;
  readonly view: View;
  readonly changedAtMs: number;
}

export async function handWrittenLog(clock: Clock): Promise<EventLog> {
  const log = new MemoryEventLog({ now: () => clock.nowMs() });
  await log.createTopics(topicSpecs({ prefix: 'p.', partitions: PARTITIONS, deliveryPartitions: PARTITIONS }));
  return log;
}

export class HandWritten {
  constructor(readonly log: EventLog) {}

  async state({ userId, version, view, changedAtMs }: Told): Promise<void> {
    await this.log.append(TOPICS.states, [
      { key: userId, value: encodeState({ userId, life: 0, version, changedAtMs, view }) },
    ]);
  }

  async member(roomId: string, userId: string, membership: 'join' | 'leave' = 'join'): Promise<void> {
    await this.log.append(TOPICS.memberships, [
      { key: membershipKey(roomId, userId), value: encodeMembership({ roomId, userId, membership }) },
    ]);
  }

  /** One frame for the recipients, who live in one delivery partition, made from memberships up to these positions. */
  async frame(told: Told, to: readonly string[], memberships: readonly number[]): Promise<void> {
    const { userId, version, view, changedAtMs } = told;
    const news: News = { kind: 'shown', userId, life: 0, version, view, changedAtMs };
    const byPartition = new Map<number, string[]>();
    for (const recipient of to) {
      const partition = this.log.partitionOf(recipient, PARTITIONS);
      byPartition.set(partition, [...(byPartition.get(partition) ?? []), recipient]);
    }
    for (const [partition, recipients] of byPartition) {
      const headers = frameHeaders({ memberships, rooms: [], changes: [] });
      await this.log.append(TOPICS.deliveries, [
        { key: null, value: encodeFrame({ entries: [{ ...news, to: recipients }] }), headers, partition },
      ]);
    }
  }
}

/** A gateway whose readers stand still until they are moved. */
export class StillGateway {
  readonly #positions = new Map<string, number[]>();

  private constructor(
    readonly gateway: Gateway,
    private readonly log: EventLog,
  ) {}

  static async open(
    log: EventLog,
    clock: Clock,
    gatewayId: string,
    bounds: Partial<GatewayBounds> = {},
  ): Promise<StillGateway> {
    const gateway = new Gateway({
      log,
      clock,
      gatewayId,
      bounds,
      journal: Journal.silent(),
      metrics: new Metrics(),
      topics: { prefix: 'p.', partitions: PARTITIONS, deliveryPartitions: PARTITIONS },
      policy: { offlineAfterMs: 30_000, maxLeaseMs: 600_000 },
      maxRoomMembers: 1_000,
      busyName: 'unstable',
      putPerSecond: 5,
      putBurst: 20,
      authentication: NOBODY,
    });
    const still = new StillGateway(gateway, log);
    for (const tail of gateway.tails()) {
      for (const [topic, from] of await tail.startAt())
        still.#positions.set(topic, typeof from === 'string' ? new Array<number>(PARTITIONS).fill(0) : [...from]);
    }
    return still;
  }

  /** Reads on in one topic-partition: so many records, or all. */
  async read(topic: string, partition: number, records = Infinity): Promise<void> {
    const positions = this.#positions.get(topic) ?? [];
    const from = positions[partition] ?? 0;
    const end = (await this.log.ends(topic))[partition] ?? 0;
    const to = Math.min(end, from + records);
    for await (const batch of this.log.read(topic, partition, from, to)) this.gateway.take(batch);
    positions[partition] = to;
  }

  async readAll(...topics: readonly string[]): Promise<void> {
    for (const topic of topics.length === 0 ? this.#positions.keys() : topics) {
      for (let partition = 0; partition < PARTITIONS; partition += 1) await this.read(topic, partition);
    }
  }
}
