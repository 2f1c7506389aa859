// Laws of sticky assignment on random groups: everything is owned once, loads are even, and only what must move moves.
import fc from 'fast-check';
import { assignSticky } from './assignment.js';

const evenAndWhole = (plan: ReadonlyMap<number, ReadonlySet<number>>, partitions: number): boolean => {
  const owned = [...plan.values()].flatMap((own) => [...own]).sort((a, b) => a - b);
  const loads = [...plan.values()].map((own) => own.size);
  return (
    owned.join() === Array.from({ length: partitions }, (_, p) => p).join() &&
    Math.max(...loads) - Math.min(...loads) <= 1
  );
};

const emptyHands = (members: number): Map<number, Set<number>> =>
  new Map(Array.from({ length: members }, (_, m) => [m, new Set<number>()]));

describe('sticky assignment', () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 40 }));

  it('owns everything once and evenly, through any joining and leaving', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.array(fc.tuple(fc.boolean(), fc.nat(6)), { maxLength: 12 }),
        ([members, partitions], moves) => {
          let plan = assignSticky(emptyHands(members), partitions);
          let next = members;
          for (const [joins, who] of moves) {
            const held = new Map(plan);
            if (joins) held.set(next++, new Set());
            else if (held.size > 1) held.delete([...held.keys()][who % held.size] as number);
            plan = assignSticky(held, partitions);
            if (!evenAndWhole(plan, partitions)) return false;
          }
          return evenAndWhole(plan, partitions);
        },
      ),
    );
  });

  it('moves nothing when nobody comes or goes, and no more than the newcomer gets', () => {
    fc.assert(
      fc.property(sizes, ([members, partitions]) => {
        const before = assignSticky(emptyHands(members), partitions);
        expect(assignSticky(before, partitions)).toEqual(before);
        const after = assignSticky(new Map([...before, [99, new Set<number>()]]), partitions);
        const moved = [...before].flatMap(([member, own]) =>
          [...own].filter((p) => after.get(member)?.has(p) !== true),
        );
        expect(moved.length).toBe(after.get(99)?.size);
      }),
    );
  });

  it('gives nothing to nobody, and takes what exists no more', () => {
    expect(assignSticky(new Map(), 4).size).toBe(0);
    expect(assignSticky(new Map([['a', new Set([0, 9])]]), 2)).toEqual(new Map([['a', new Set([0, 1])]]));
    expect(
      evenAndWhole(
        new Map([
          [0, new Set([0, 1])],
          [1, new Set<number>()],
        ]),
        2,
      ),
    ).toBe(false);
  });
});
