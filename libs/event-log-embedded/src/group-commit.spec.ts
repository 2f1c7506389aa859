// Which writers share a commit, counted: many go together, a request waits a turn for others like it, and bulk for nobody.
import type { CommitGroup } from './commit-group.js';
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

/** As `append` does with one record. */
function request(commits: GroupCommit): CommitGroup {
  const { group } = commits;
  group.singles += 1;
  return group;
}

/** A first group of so many writers; then one who comes as soon as it is committed, and another one so many turns later. */
async function commitsAfter(writers: number, turns: number, durable = true): Promise<number> {
  const commits = scene(durable);
  const groups = Array.from({ length: writers }, () => request(commits));
  await groups[0]?.done;
  const soon = request(commits);
  for (let waited = 0; waited < turns; waited += 1) await turn();
  const later = request(commits);
  await Promise.all([soon.done, later.done]);
  await commits.close();
  return commits.commits - 1;
}

it('is one for whoever comes soon after a group of many', async () => {
  expect(await commitsAfter(8, 2)).toBe(1);
});

it('is one for those who come in one turn after the other', async () => {
  expect(await commitsAfter(1, 1)).toBe(1);
});

it('does not wait for those who write in bulk', async () => {
  const commits = scene(true);
  const soon = commits.group;
  await turn();
  const later = commits.group;
  await Promise.all([soon.done, later.done]);
  await commits.close();
  expect(commits.commits).toBe(2);
});

it('begins as soon as nobody comes any more, or nothing is synced', async () => {
  expect(await commitsAfter(1, 3)).toBe(2);
  expect(await commitsAfter(8, 1, false)).toBe(2);
});
