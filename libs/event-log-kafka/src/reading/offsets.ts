// The first and the stable last offsets of partitions, asked from their leaders. A group of partitions with one leader
// costs one request: the engine asks several times a second.
import { UnknownTopicError } from '#libs/event-log';
import type { Link } from '../wire/link.js';
import type { Wire } from '../wire/wire.js';

/** 'stable': before it everything is decided. 'written': what the replicas hold, open transactions included. */
export type Edge = 'start' | 'stable' | 'written' | Moment;

/** The first offset that is not older than a time; `NONE` where all are. */
export interface Moment {
  readonly atMs: number;
}

export const NONE = -1;

const EARLIEST = -2;
const LATEST = -1;

function timestampOf(edge: Edge): number {
  // Times before 0 are the broker's own words; no record of ours is that old.
  if (typeof edge === 'object') return Math.max(0, edge.atMs);
  return edge === 'start' ? EARLIEST : LATEST;
}

async function askLink(
  link: Link,
  topic: string,
  edge: Edge,
  partitions: readonly number[],
): Promise<[number, number][]> {
  const timestamp = timestampOf(edge);
  const isolationLevel = edge === 'written' ? 0 : 1;
  const topics = [{ topic, partitions: partitions.map((partition) => ({ partition, timestamp })) }];
  const { responses } = await link.ask((broker) => broker.listOffsets({ replicaId: -1, isolationLevel, topics }));
  return responses.flatMap((response) =>
    response.partitions.map(({ partition, offset }): [number, number] => [partition, Number(offset)]),
  );
}

export interface Asked {
  /** Default: all. */
  readonly partitions?: readonly number[];
  readonly limitMs?: number;
}

/** One number for each of the partitions, in their order. */
export function listOffsets(wire: Wire, topic: string, edge: Edge, asked: Asked = {}): Promise<number[]> {
  const { partitions, limitMs = wire.settings.requestTimeoutMs } = asked;
  return wire.patiently({ doing: `asking for the offsets of ${topic}`, limitMs }, async () => {
    try {
      const { leaders } = await wire.topic(topic);
      const wanted = partitions ?? leaders.map((_, partition) => partition);
      const byLeader = new Map<number, number[]>();
      for (const partition of wanted) {
        const leader = await wire.leaderId(topic, partition);
        byLeader.set(leader, [...(byLeader.get(leader) ?? []), partition]);
      }
      const answers = [...byLeader].map(async ([nodeId, of]) =>
        askLink(await wire.link(nodeId, 'control'), topic, edge, of),
      );
      const found = new Map((await Promise.all(answers)).flat());
      return wanted.map((partition) => {
        const offset = found.get(partition);
        if (offset === undefined) throw new UnknownTopicError(`${topic} has no partition ${partition}`);
        return offset;
      });
    } catch (error) {
      wire.forgetTopic(topic);
      throw error;
    }
  });
}
