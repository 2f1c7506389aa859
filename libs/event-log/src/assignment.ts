// Who of a group owns which partition. Invariant: every partition has exactly one owner, loads differ by at most one
// among those who may receive, and nobody loses a partition that balance does not demand (sticky). Pure.

/** Members in order of joining, each with what it holds now; returns what each shall hold. */
export const assignSticky = <M>(held: ReadonlyMap<M, ReadonlySet<number>>, partitions: number): Map<M, Set<number>> => {
  const members = [...held.keys()];
  const result = new Map<M, Set<number>>(members.map((member) => [member, new Set<number>()]));
  if (members.length === 0) return result;
  const floor = Math.floor(partitions / members.length);
  let extras = partitions % members.length;
  const taken = new Set<number>();
  // Whoever holds most keeps the extra partition, so that as few as possible move.
  const byLoad = [...members].sort((a, b) => (held.get(b)?.size ?? 0) - (held.get(a)?.size ?? 0));
  const quota = new Map<M, number>();
  for (const member of byLoad) {
    quota.set(member, floor + (extras > 0 ? 1 : 0));
    extras--;
  }
  for (const member of members) {
    const keep = [...(held.get(member) ?? [])].filter((p) => p < partitions && !taken.has(p)).sort((a, b) => a - b);
    for (const partition of keep.slice(0, quota.get(member))) {
      result.get(member)?.add(partition);
      taken.add(partition);
    }
  }
  const free = Array.from({ length: partitions }, (_, p) => p).filter((p) => !taken.has(p));
  for (const member of members) {
    const own = result.get(member);
    while (own !== undefined && own.size < (quota.get(member) ?? 0) && free.length > 0) own.add(free.shift() as number);
  }
  return result;
};
