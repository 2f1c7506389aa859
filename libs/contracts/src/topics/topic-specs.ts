// The shape of every topic: partitions, cleanup, retention, who stamps the records. Invariant: activity, commands,
// states, changes, registers and snapshots are co-partitioned. Structurally the event log's TopicSpec.
import { type TopicWord, topicNames } from './topic-names.js';

export interface TopicShape {
  readonly name: string;
  readonly partitions: number;
  readonly cleanup: 'delete' | 'compact';
  /** Milliseconds; absent = for ever. */
  readonly retentionMs?: number;
  readonly minCompactionLagMs?: number;
  readonly timestamps: 'append' | 'create';
}

export interface TopicCounts {
  readonly prefix: string;
  readonly partitions: number;
  readonly deliveryPartitions: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

type Kind = Omit<TopicShape, 'name' | 'partitions'>;

const KINDS: Readonly<Record<TopicWord, Kind>> = {
  activity: { cleanup: 'delete', retentionMs: 7 * DAY_MS, timestamps: 'append' },
  commands: { cleanup: 'delete', retentionMs: 30 * DAY_MS, timestamps: 'append' },
  states: { cleanup: 'compact', timestamps: 'create' },
  // Years or tiered, as its operator likes: we take none away.
  changes: { cleanup: 'delete', timestamps: 'create' },
  registers: { cleanup: 'compact', timestamps: 'create' },
  snapshots: { cleanup: 'delete', retentionMs: 31 * DAY_MS, timestamps: 'create' },
  memberships: { cleanup: 'compact', minCompactionLagMs: 7 * DAY_MS, timestamps: 'create' },
  rooms: { cleanup: 'compact', minCompactionLagMs: 7 * DAY_MS, timestamps: 'create' },
  deliveries: { cleanup: 'delete', retentionMs: HOUR_MS, timestamps: 'create' },
  rejected: { cleanup: 'delete', retentionMs: 30 * DAY_MS, timestamps: 'create' },
};

/** One shape per topic, in the order of TOPIC_WORDS. */
export function topicSpecs({ prefix, partitions, deliveryPartitions }: TopicCounts): TopicShape[] {
  const names = topicNames(prefix);
  return (Object.keys(KINDS) as TopicWord[]).map((word) => ({
    name: names[word],
    partitions: word === 'deliveries' ? deliveryPartitions : partitions,
    ...KINDS[word],
  }));
}

/** A recipient's topic: whoever creates it chooses the partitions, but it must be compacted. */
export function recipientTopicSpec(name: string): TopicShape {
  return { name, partitions: 1, cleanup: 'compact', timestamps: 'create' };
}
