// What a command costs on the embedded log, counted: one commit, in which everything that follows from it stands too.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeCommand, topicNames, topicSpecs } from '#libs/contracts';
import { EmbeddedEventLog } from '#libs/event-log-embedded';
import { WallClock } from '#libs/runtime';
import { Aggregator } from '../src/aggregator.js';

const TOPICS = topicNames('presence.');
const PARTITIONS = 4;
const ROUNDS = 20;
const USERS_AT_ONCE = 12;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('commands of many users, at once or in one turn after the other, and all that follows are one commit', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-commits-'));
  let commits = 0;
  const commitFault = (): undefined => void (commits += 1);
  const log = await EmbeddedEventLog.open({ directory, upkeepMs: 0, commitFault });
  await log.createTopics(topicSpecs({ prefix: 'presence.', partitions: PARTITIONS, deliveryPartitions: 1 }));
  const aggregator = new Aggregator({
    log,
    clock: new WallClock(),
    topics: TOPICS,
    prefix: 'presence.',
    limits: { pace: 0, groupOffsetsEveryMs: 3_600_000 },
  });
  await aggregator.start();
  const changes = async (): Promise<number> => (await log.ends(TOPICS.changes)).reduce((sum, end) => sum + end, 0);
  const command = async (user: number, round: number, turns: number): Promise<void> => {
    for (let waited = 0; waited < turns; waited += 1) await turn();
    const userId = `@user${user}:hs`;
    const input = { type: 'presence.set', deviceId: 'D', presence: 'online', statusMsg: `round ${round}` } as const;
    await log.append(TOPICS.commands, [{ key: userId, value: encodeCommand({ userId, input }) }]);
  };
  /** A third of the users in each of some turns; 1 = all in one. */
  const round = (number: number, turns: number) =>
    Promise.all(Array.from({ length: USERS_AT_ONCE }, (_, user) => command(user, number, user % turns)));
  while (aggregator.health().filter(({ state }) => state === 'live').length < PARTITIONS)
    await new Promise((resolve) => setTimeout(resolve, 5));
  await round(0, 1);
  // The first of them may have come while tasks were still asking where the log ends.
  while ((await changes()) < USERS_AT_ONCE) await new Promise((resolve) => setTimeout(resolve, 5));
  const before = commits;
  for (let number = 1; number <= ROUNDS; number += 1) {
    await round(number, number % 2 === 0 ? 1 : 3);
    // Acknowledged is folded, and told.
    expect(await changes()).toBe(USERS_AT_ONCE * (number + 1));
  }
  expect(commits - before).toBe(ROUNDS);
  await aggregator.stop();
  await log.close();
  rmSync(directory, { recursive: true });
});
