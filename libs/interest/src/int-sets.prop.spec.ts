// The pooled sets against JavaScript's own, through growth, shrinking and reuse of slabs.
import fc from 'fast-check';
import { IntSets } from './int-sets.js';

function valuesOf(sets: IntSets, set: number): number[] {
  const start = sets.startOf(set);
  return [...sets.pageOf(set).subarray(start, start + sets.count(set))];
}

function lessThan(values: ReadonlySet<number>, value: number): number {
  let count = 0;
  for (const one of values) if (one < value) count += 1;
  return count;
}

function expectedOutcome(add: boolean, known: boolean): string {
  if (add) return known ? 'present' : 'added';
  return known ? 'removed' : 'absent';
}

it('holds what a set of numbers holds, ascending', () => {
  const operation = fc.record({ set: fc.nat(5), value: fc.nat(40), add: fc.boolean() });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 400 }), (operations) => {
      const sets = new IntSets();
      const model = Array.from({ length: 6 }, () => new Set<number>());
      for (const { set, value, add } of operations) {
        const known = model[set] as Set<number>;
        const outcome = add ? sets.add(set, value) : sets.remove(set, value);
        if (outcome !== expectedOutcome(add, known.has(value))) throw new Error(`${outcome} ${value} in set ${set}`);
        if (add) known.add(value);
        else known.delete(value);
        if (sets.has(set, value) !== add) throw new Error(`${value} in set ${set}`);
      }
      model.forEach((known, set) => {
        expect(valuesOf(sets, set)).toEqual([...known].sort((a, b) => a - b));
      });
    }),
    { numRuns: 200 },
  );
});

it('holds the same where newcomers of a large set wait to be sorted in, whenever it is read', () => {
  const operation = fc.record({ value: fc.nat(40_000), kind: fc.constantFrom('add', 'add', 'add', 'remove', 'read') });
  const some = fc.array(operation, { minLength: 1_500, maxLength: 4_000, size: 'max' });
  fc.assert(
    fc.property(some, (operations) => {
      const sets = new IntSets();
      const known = new Set(Array.from({ length: 9_000 }, (_, index) => index * 4));
      for (const value of [...known].reverse()) sets.add(0, value);
      // Reads are rare enough that more newcomers come in between than may wait.
      let reads = 0;
      for (const { kind, value } of operations) {
        if (kind === 'read') {
          reads += 1;
          if (reads % 100 === 0) expect(sets.placeOf(0, value) - sets.startOf(0)).toBe(lessThan(known, value));
        } else {
          const isAdded = kind === 'add';
          if (!isAdded && value % 50 > 0) continue;
          const outcome = isAdded ? sets.add(0, value) : sets.remove(0, value);
          if (outcome !== expectedOutcome(isAdded, known.has(value))) throw new Error(`${outcome} ${value}`);
          if (isAdded) known.add(value);
          else known.delete(value);
        }
        if (sets.has(0, value) !== known.has(value)) throw new Error(`${value}`);
        if (sets.count(0) !== known.size) throw new Error('miscounted');
      }
      expect(valuesOf(sets, 0)).toEqual([...known].sort((a, b) => a - b));
    }),
    { numRuns: 30 },
  );
});

it('becomes small again, and large, while newcomers wait in it and in another', () => {
  const sets = new IntSets();
  const known = new Set<number>();
  for (let value = 0; value < 20_000; value += 2) [sets.add(0, value), sets.add(1, value), known.add(value)];
  for (let round = 0; round < 3; round += 1) {
    for (let value = 1_500; value > 0; value -= 1) [sets.add(0, value), sets.add(1, 30_000 - value), known.add(value)];
    for (const value of [...known].slice(0, -5)) [sets.remove(0, value), known.delete(value)];
    expect(valuesOf(sets, 0)).toEqual([...known].sort((a, b) => a - b));
    for (let value = 17_000; value > 0; value -= 2) [sets.add(0, value), known.add(value)];
  }
  expect(valuesOf(sets, 0)).toEqual([...known].sort((a, b) => a - b));
  const other = [
    ...Array.from({ length: 10_000 }, (_, index) => index * 2),
    ...Array.from({ length: 1_500 }, (_, index) => 28_500 + index),
  ];
  expect(valuesOf(sets, 1)).toEqual(other);
});

it('grows beyond a shared page and gives the outgrown pages back', () => {
  const sets = new IntSets();
  for (let value = 60_000; value > 0; value--) sets.add(0, value);
  expect(valuesOf(sets, 0)).toEqual(Array.from({ length: 60_000 }, (_, index) => index + 1));
  expect(sets.bytes).toBeLessThan(2 ** 20 + 60_000 * 4 * 1.5);
  for (let value = 59_999; value > 0; value--) sets.remove(0, value);
  expect(valuesOf(sets, 0)).toEqual([60_000]);
});
