// When two topic specifications mean the same, and what is wrong with one that means nothing. It stands apart because
// every adapter must refuse the same shapes in the same words.
import { TopicMismatchError } from './errors.js';
import type { TopicSpec } from './port.js';

const FIELDS = ['partitions', 'cleanup', 'retentionMs', 'minCompactionLagMs', 'timestamps'] as const;
type Field = (typeof FIELDS)[number];

/** A field with its meaning made explicit: an absent compaction lag is 0, an absent retention is for ever. */
const meaning = (spec: TopicSpec, field: Field): string | number => {
  if (field === 'minCompactionLagMs') return spec.cleanup === 'compact' ? (spec.minCompactionLagMs ?? 0) : 0;
  if (field === 'retentionMs') return spec.cleanup === 'delete' ? (spec.retentionMs ?? Infinity) : Infinity;
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
