// The group leader's decision: who gets which partitions of all topics together. Invariant: a partition that somebody
// still holds goes to nobody else in the same generation; its holder gives it up first and joins again, and the next
// generation hands it on. So no partition ever has two owners that the group believes in. Pure.
import { assignSticky } from '#libs/event-log';

export interface Claim {
  readonly memberId: string;
  /** The generation in which the member was given what it holds. */
  readonly generation: number;
  readonly partitions: readonly number[];
}

/** Of two that claim the same partition, the younger generation holds it. */
function holders(claims: readonly Claim[], partitions: number): Map<string, Set<number>> {
  const held = new Map<string, Set<number>>();
  const taken = new Set<number>();
  for (const { memberId, partitions: claimed } of [...claims].sort((a, b) => b.generation - a.generation)) {
    const own = claimed.filter((partition) => partition < partitions && !taken.has(partition));
    for (const partition of own) taken.add(partition);
    held.set(memberId, new Set(own));
  }
  return held;
}

/** What each member gets now. Sorted by id first, so that every leader decides alike. */
export function planAssignment(claims: readonly Claim[], partitions: number): Map<string, number[]> {
  const held = holders(
    [...claims].sort((a, b) => (a.memberId < b.memberId ? -1 : 1)),
    partitions,
  );
  const heldByAnybody = new Set([...held.values()].flatMap((own) => [...own]));
  const plan = new Map<string, number[]>();
  for (const [memberId, target] of assignSticky(held, partitions)) {
    const own = held.get(memberId);
    plan.set(
      memberId,
      [...target]
        .filter((partition) => own?.has(partition) === true || !heldByAnybody.has(partition))
        .sort((a, b) => a - b),
    );
  }
  return plan;
}
