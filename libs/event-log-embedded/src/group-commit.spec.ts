// Which writers share a commit, counted: many go together, one alone never waits for others.
import type { Environment } from './environment.js';
import { GroupCommit } from './group-commit.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Commits that take a moment and write nothing. */
function scene(durable: boolean): GroupCommit {
  const environment = {
    options: { directory: 'nowhere', readOnly: false, durable },
    write: () => new Promise<void>((resolve) => setTimeout(resolve, 10)),
  };
  return new GroupCommit(environment as unknown as Environment, {
    fault: () => undefined,
    onGathered: () => false,
    onCommitted: () => undefined,
    onTakenBack: () => undefined,
  });
}

/** A first group of so many writers; then one who comes as soon as it is committed, and another one a turn later. */
async function commitsAfter(writers: number, durable = true): Promise<number> {
  const commits = scene(durable);
  const groups = Array.from({ length: writers }, () => commits.group);
  await groups[0]?.done;
  const soon = commits.group;
  await turn();
  const later = commits.group;
  await Promise.all([soon.done, later.done]);
  await commits.close();
  return commits.commits - 1;
}

it('is one for whoever comes soon after a group of many', async () => {
  expect(await commitsAfter(8)).toBe(1);
});

it('begins at once where few write, or nothing is synced', async () => {
  expect(await commitsAfter(1)).toBe(2);
  expect(await commitsAfter(8, false)).toBe(2);
});
