// Laws of the group leader's plan: nobody is given what another holds, nothing stays without an owner once it was given
// up, loads end balanced, and after at most two more generations nothing moves.
import fc from 'fast-check';
import { type Claim, planAssignment } from './plan.js';

const partitionCount = fc.integer({ min: 1, max: 16 });

/** Members that hold disjoint parts, as after honest generations; members come and go. */
const groups = fc
  .tuple(
    partitionCount,
    fc.integer({ min: 1, max: 6 }),
    fc.array(fc.integer({ min: -1, max: 5 }), { minLength: 16, maxLength: 16 }),
  )
  .map(([partitions, members, owners]) => ({
    partitions,
    claims: Array.from({ length: members }, (_, member): Claim => {
      const own = Array.from({ length: partitions }, (_unused, partition) => partition).filter(
        (partition) => owners[partition] === member,
      );
      return { memberId: `m${member}`, generation: 4, partitions: own };
    }),
  }));

const asClaims = (plan: ReadonlyMap<string, readonly number[]>): Claim[] =>
  [...plan].map(([memberId, partitions]) => ({ memberId, generation: 5, partitions }));

describe('the plan of a group', () => {
  it('gives nobody what another still holds', () => {
    fc.assert(
      fc.property(groups, ({ partitions, claims }) => {
        const plan = planAssignment(claims, partitions);
        for (const { memberId, partitions: held } of claims) {
          for (const [other, given] of plan)
            if (other !== memberId) expect(given.filter((partition) => held.includes(partition))).toEqual([]);
        }
      }),
    );
  });

  it('is whole and balanced after one more generation, and then at rest', () => {
    fc.assert(
      fc.property(groups, ({ partitions, claims }) => {
        const second = planAssignment(asClaims(planAssignment(claims, partitions)), partitions);
        const given = [...second.values()].flat().sort((a, b) => a - b);
        expect(given).toEqual(Array.from({ length: partitions }, (_, partition) => partition));
        const loads = [...second.values()].map(({ length }) => length);
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
        expect(planAssignment(asClaims(second), partitions)).toEqual(second);
      }),
    );
  });

  it('believes the younger generation when two claim the same', () => {
    const zombie = { memberId: 'a', generation: 3, partitions: [0, 1] };
    const owner = { memberId: 'b', generation: 7, partitions: [0, 1] };
    const plan = planAssignment([zombie, owner], 2);
    expect(plan.get('a')).toEqual([]);
    expect(plan.get('b')).toHaveLength(1);
  });

  it('ignores claims to partitions that do not exist', () => {
    expect(planAssignment([{ memberId: 'a', generation: 1, partitions: [0, 9] }], 2).get('a')).toEqual([0, 1]);
  });
});
