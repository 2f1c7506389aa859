// What tests of users at rest look at: the aggregate that lies in a block, and all that is visible of one.
import { Aggregate } from '../aggregate.js';
import type { PackedAggregates } from '../packed-aggregates.js';
import { snapshot } from '../snapshot.js';

/** What is visible of an aggregate, and its deadline, which its snapshot leaves out. */
export const wholeOf = (aggregate: Aggregate): object => ({
  ...snapshot(aggregate),
  deadlineMs: String(aggregate.deadlineMs),
});

export function unpacked(packed: PackedAggregates, address: number): Aggregate {
  const aggregate = new Aggregate();
  packed.unpack(address, aggregate);
  return aggregate;
}
