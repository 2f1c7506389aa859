// When two topic specifications mean the same, and what is wrong with one that means nothing. It stands apart because
// every adapter must refuse the same shapes in the same words.
import { TopicMismatchError } from './errors.js';
import type { TopicDescription, TopicSpec } from './port.js';

const FIELDS = ['partitions', 'cleanup', 'retentionMs', 'minCompactionLagMs', 'timestamps'] as const;
type Field = (typeof FIELDS)[number];

/** A field with its meaning made explicit: an absent compaction lag is 0, an absent retention is for ever. */
const meaning = (spec: TopicSpec, field: Field): string | number => {
  if (field === 'minCompactionLagMs') return spec.cleanup === 'compact' ? (spec.minCompactionLagMs ?? 0) : 0;
  if (field === 'retentionMs') return spec.retentionMs ?? Infinity;
  return spec[field];
};

/** One sentence per difference; empty = the same shape. */
export const shapeDifferences = (actual: TopicSpec, wanted: TopicSpec): string[] =>
  FIELDS.filter((field) => meaning(actual, field) !== meaning(wanted, field)).map(
    (field) => `${field} is ${meaning(actual, field)}, wanted ${meaning(wanted, field)}`,
  );

/** What makes a specification senseless; empty = nothing. */
export const specFaults = (spec: TopicSpec): string[] => {
  const faults: string[] = [];
  if (!/^[A-Za-z0-9._-]{1,249}$/.test(spec.name)) faults.push('its name is no Kafka topic name');
  if (!Number.isInteger(spec.partitions) || spec.partitions < 1) faults.push('partitions must be an integer ≥ 1');
  if (spec.cleanup === 'compact' && spec.retentionMs !== undefined) faults.push('retentionMs is only for delete');
  if (spec.cleanup === 'delete' && spec.minCompactionLagMs !== undefined)
    faults.push('minCompactionLagMs is only for compact');
  return faults;
};

/** Throws TopicMismatchError when a specification is senseless or an existing topic has another shape. */
export const requireShape = (wanted: TopicSpec, actual: TopicSpec | undefined): void => {
  const faults = actual === undefined ? specFaults(wanted) : shapeDifferences(actual, wanted);
  if (faults.length > 0) throw new TopicMismatchError(`Topic ${wanted.name}: ${faults.join('; ')}`);
};

/** A setting of a topic with which the engine would be wrong, in Kafka's words, and the command that mends it. */
export interface UnfitSetting {
  readonly name: 'cleanup.policy' | 'message.timestamp.type' | 'compression.type';
  readonly value: string;
  readonly wanted: string;
  readonly command: string;
}

const timestampType = ({ timestamps }: TopicSpec): string => (timestamps === 'append' ? 'LogAppendTime' : 'CreateTime');
const cleanupPolicy = ({ cleanup, retentionMs }: TopicSpec): string =>
  cleanup === 'compact' && retentionMs !== undefined ? 'compact,delete' : cleanup;

/** How long records are kept is its operator's to choose; partition counts are for ever, and another matter. */
export const unfitSettings = (found: TopicDescription, wanted: TopicSpec): UnfitSetting[] => {
  const settings = [
    ['cleanup.policy', cleanupPolicy(found), wanted.cleanup],
    ['message.timestamp.type', timestampType(found), timestampType(wanted)],
    ['compression.type', found.compression ?? 'uncompressed', 'uncompressed'],
  ] as const;
  return settings
    .filter(([, value, right]) => value !== right)
    .map(([name, value, right]) => ({
      name,
      value,
      wanted: right,
      command: `kafka-configs.sh --bootstrap-server BROKER --alter --entity-type topics --entity-name ${wanted.name} --add-config ${name}=${right}`,
    }));
};
