// A topic's shape as Kafka's settings, and back. Invariant: reading back what was written gives the same shape. Settings
// beyond the shape serve it: brokers store uncompressed (we read any producer's records without its codec), small segments
// where compaction or a short retention must come soon.
import type { TopicDescription, TopicSpec } from '#libs/event-log';

const FOREVER = '-1';
const PLAIN = 'uncompressed';
const COMPACTED_SEGMENT_BYTES = 64 * 1024 * 1024;
const COMPACTED_SEGMENT_MS = 6 * 3_600_000;
/**
 * An index holds at most 12 bytes for each of these intervals of its segment. Kafka lays out two of 10 MiB a segment, and a machine
 * that reads ahead far brings in all of one at its first entry: with a thousand topics that is seconds, and 16 GiB of memory.
 */
const COMPACTED_INTERVAL_BYTES = 16 * 1024;
const COMPACTED_INDEX_BYTES = 64 * 1024;
const LONGEST_SEGMENT_MS = 7 * 86_400_000;
const SHORTEST_SEGMENT_MS = 60_000;
const SEGMENTS_A_RETENTION = 4;

/** What is asked back to know a shape. */
export const SHAPE_SETTINGS = [
  'cleanup.policy',
  'retention.ms',
  'min.compaction.lag.ms',
  'message.timestamp.type',
  'compression.type',
];

function cleanupSettings(spec: TopicSpec): Record<string, string> {
  if (spec.cleanup === 'compact') {
    return {
      'cleanup.policy': 'compact',
      'min.compaction.lag.ms': String(spec.minCompactionLagMs ?? 0),
      'min.cleanable.dirty.ratio': '0.3',
      'segment.bytes': String(COMPACTED_SEGMENT_BYTES),
      'segment.ms': String(COMPACTED_SEGMENT_MS),
      'index.interval.bytes': String(COMPACTED_INTERVAL_BYTES),
      'segment.index.bytes': String(COMPACTED_INDEX_BYTES),
    };
  }
  const { retentionMs } = spec;
  if (retentionMs === undefined) return { 'cleanup.policy': 'delete', 'retention.ms': FOREVER };
  const segmentMs = Math.min(
    LONGEST_SEGMENT_MS,
    Math.max(SHORTEST_SEGMENT_MS, Math.floor(retentionMs / SEGMENTS_A_RETENTION)),
  );
  return { 'cleanup.policy': 'delete', 'retention.ms': String(retentionMs), 'segment.ms': String(segmentMs) };
}

export function settingsOf(spec: TopicSpec, replicas: number): Record<string, string> {
  return {
    ...cleanupSettings(spec),
    'message.timestamp.type': spec.timestamps === 'append' ? 'LogAppendTime' : 'CreateTime',
    'compression.type': PLAIN,
    ...(replicas >= 3 ? { 'min.insync.replicas': '2' } : {}),
  };
}

/** A topic that is compacted and deleted from as well is `compact` with a retention, which nobody of us asks for. */
export function shapeOf(
  name: string,
  partitions: number,
  settings: ReadonlyMap<string, string>,
): Omit<TopicDescription, 'id'> {
  const policies = (settings.get('cleanup.policy') ?? 'delete').split(',').map((policy) => policy.trim());
  const cleanup = policies.includes('compact') ? 'compact' : 'delete';
  const compression = settings.get('compression.type');
  const retention = settings.get('retention.ms') ?? FOREVER;
  const lag = Number(settings.get('min.compaction.lag.ms') ?? 0);
  return {
    name,
    partitions,
    cleanup,
    ...(policies.includes('delete') && retention !== FOREVER ? { retentionMs: Number(retention) } : {}),
    ...(cleanup === 'compact' && lag > 0 ? { minCompactionLagMs: lag } : {}),
    timestamps: settings.get('message.timestamp.type') === 'LogAppendTime' ? 'append' : 'create',
    ...(compression === undefined || compression === PLAIN ? {} : { compression }),
  };
}
