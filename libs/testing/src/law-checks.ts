// What the property tests of the laws have in common: folding a timeline, and comparing cheaply. Test code only.
import { Aggregate, takeActivity, takeCommand, type Change, type Policy, type Taken } from '#libs/presence';
import type { Timeline, TimelineRecord } from './timelines.js';

export const RUNS = { numRuns: 1_500 };

/** Deep equality, cheap while it holds: jest's own comparison is only asked to explain a difference. */
export function demandSame(got: unknown, expected: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(expected)) expect(got).toEqual(expected);
}

export interface Folded {
  readonly aggregate: Aggregate;
  readonly changes: readonly Change[];
}

export function take(aggregate: Aggregate, record: TimelineRecord, policy: Policy, changes: Change[]): Taken {
  const folding = { policy, sink: (change: Change) => changes.push(change) };
  if (record.topic === 'activity') return takeActivity(aggregate, record.input, record, folding);
  return takeCommand(aggregate, record.input, record, folding);
}

export function fold(
  { policy, records }: Timeline,
  between: (aggregate: Aggregate) => Aggregate = (same) => same,
): Folded {
  const changes: Change[] = [];
  let aggregate = new Aggregate();
  for (const record of records) {
    take(aggregate, record, policy, changes);
    aggregate = between(aggregate);
  }
  return { aggregate, changes };
}
