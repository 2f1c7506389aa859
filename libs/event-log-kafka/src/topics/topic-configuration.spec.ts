// A shape as Kafka's settings, and back; and indexes that fit their segments.
import type { TopicSpec } from '#libs/event-log';
import { settingsOf, shapeOf } from './topic-configuration.js';

const REPLICAS = 3;
const MOST_BYTES_OF_AN_ENTRY = 12;

const settings = (spec: TopicSpec): Map<string, string> => new Map(Object.entries(settingsOf(spec, REPLICAS)));

test.each<TopicSpec>([
  { name: 't', partitions: 3, cleanup: 'delete', timestamps: 'append' },
  { name: 't', partitions: 3, cleanup: 'delete', timestamps: 'append', retentionMs: 3_600_000 },
  { name: 't', partitions: 1, cleanup: 'compact', timestamps: 'create' },
  { name: 't', partitions: 1, cleanup: 'compact', timestamps: 'create', minCompactionLagMs: 60_000 },
])('what was written is read back: %j', (spec) => {
  expect(shapeOf(spec.name, spec.partitions, settings(spec))).toEqual(spec);
});

test('an index of a compacted topic has room for its whole segment, and for little more: there are many such topics', () => {
  const of = settings({ name: 't', partitions: 1, cleanup: 'compact', timestamps: 'create' });
  const number = (name: string): number => Number(of.get(name));
  const needed = (number('segment.bytes') / number('index.interval.bytes')) * MOST_BYTES_OF_AN_ENTRY;
  expect(number('segment.index.bytes')).toBeGreaterThanOrEqual(needed);
  expect(number('segment.index.bytes')).toBeLessThan(needed * 2);
});
