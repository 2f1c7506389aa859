// What is remembered of snapshots, and for how long: bounded in number, in age and in what they told.
import type { Stamp } from './position.js';
import { SnapshotMemory, YOUNG_MS, type RememberedSnapshot } from './snapshot-memory.js';

const snapshot = (userId: string, atMs: number, stamps: number): RememberedSnapshot => ({
  ...{ userId, atMs, memberships: [], rooms: [], lookAtMs: atMs },
  told: new Map(
    Array.from({ length: stamps }, (_, index): [string, Stamp] => [`@${index}:hs`, { life: 0, version: 1 }]),
  ),
});

describe('memory of snapshots', () => {
  it('gives each to its own user', () => {
    const memory = new SnapshotMemory(1);
    const [alice, bob] = ['@alice:hs', '@bob:hs'].map((user) => memory.remember(snapshot(user, 0, 3)));
    expect(memory.find(alice!, '@alice:hs')).toMatchObject({ userId: '@alice:hs' });
    expect(memory.find(bob!, '@alice:hs')).toBeUndefined();
  });

  it('forgets those that are no longer young', () => {
    const memory = new SnapshotMemory(1);
    const [old, young] = [memory.remember(snapshot('@a:hs', 0, 1)), memory.remember(snapshot('@b:hs', 1, 1))];
    memory.remember(snapshot('@c:hs', YOUNG_MS, 1));
    expect(memory.find(old, '@a:hs')).toBeUndefined();
    expect(memory.find(young, '@b:hs')).toBeDefined();
  });

  it('holds so many stamps in all, those of the newest, however large one is; its marks stay known', () => {
    const memory = new SnapshotMemory(1);
    const marks = Array.from({ length: 8 }, (_, index) => memory.remember(snapshot(`@${index}:hs`, index, 100_000)));
    const stamps = (): (number | undefined)[] =>
      marks.map((mark, index) => memory.find(mark, `@${index}:hs`)?.told.size);
    expect(stamps()).toEqual([0, 0, 0, ...Array.from({ length: 5 }, () => 100_000)]);
    const large = memory.remember(snapshot('@large:hs', 9, 600_000));
    expect([...stamps(), memory.find(large, '@large:hs')?.told.size]).toEqual([...marks.map(() => 0), 600_000]);
    memory.remember(snapshot('@next:hs', 10, 1));
    expect(memory.find(large, '@large:hs')?.told.size).toBe(0);
  });

  it('counts no stamps of those that it has forgotten', () => {
    const memory = new SnapshotMemory(1);
    for (let index = 0; index < 5; index += 1) memory.remember(snapshot('@old:hs', index, 100_000));
    const marks = Array.from({ length: 5 }, (_, index) =>
      memory.remember(snapshot(`@${index}:hs`, YOUNG_MS + 10 + index, 100_000)),
    );
    expect(marks.map((mark, index) => memory.find(mark, `@${index}:hs`)?.told.size)).toEqual(marks.map(() => 100_000));
  });
});
