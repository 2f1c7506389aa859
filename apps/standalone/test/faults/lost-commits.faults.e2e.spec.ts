// An aggregator on an embedded log whose commits fail again and again: it is handed inputs before they are on disk, so that
// what it knows may be lost under it. Afterwards the history must be what the inputs that are there make, and nothing else.
import { rmSync } from 'node:fs';
import { Aggregator } from '#apps/aggregator';
import { topicNames, topicSpecs } from '#libs/contracts';
import { EmbeddedEventLog } from '#libs/event-log-embedded';
import { WallClock } from '#libs/runtime';
import { Draw } from '#libs/testing';
import { freshFolder } from '../program.js';
import { judgeHistory, type HistoryVerdict } from './history-oracle.js';
import { Load } from './load.js';
import { LogCopy } from './log-copy.js';
import { isSoak, pause, POLICY, seedOf, tell } from './world.js';

const PARTITIONS = 3;
const SECONDS = isSoak ? 60 : 8;
const TOPICS = topicNames('presence.');
const JUDGED = [TOPICS.changes, TOPICS.states, TOPICS.rejected];
const INPUTS = [TOPICS.activity, TOPICS.commands];

describe('an aggregator whose log loses commits', () => {
  const seed = seedOf();
  const draw = new Draw(seed);
  const directory = freshFolder();
  let failing = false;
  let lost = 0;
  let takenBack = 0;
  let log: EmbeddedEventLog;
  let aggregator: Aggregator;

  /** Now and then one, now and then several in a row. */
  let inARow = 0;
  const commitFault = (): Error | undefined => {
    if (inARow === 0 && failing && draw.chance(0.08)) inARow = draw.of([1, 1, 1, 4]);
    if (inARow === 0) return undefined;
    inARow -= 1;
    lost += 1;
    return new Error('injected');
  };

  beforeAll(async () => {
    log = await EmbeddedEventLog.open({ directory, commitFault });
    await log.createTopics(topicSpecs({ prefix: 'presence.', partitions: PARTITIONS, deliveryPartitions: 1 }));
    const observer = { moved: (_: number, to: string) => void (takenBack += to === 'closed' ? 1 : 0) };
    aggregator = new Aggregator({
      log,
      clock: new WallClock(),
      topics: TOPICS,
      prefix: 'presence.',
      policy: POLICY,
      limits: { pace: 0, retryMs: 20 },
      observer,
    });
    await aggregator.start();
  });
  afterAll(async () => {
    await aggregator.stop();
    await log.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it(
    'tells what the inputs make, each acknowledged one included',
    async () => {
      const users = Array.from({ length: 60 }, (_, index) => `@user${index}:hs`);
      const load = new Load({ log, topics: TOPICS, users, seed, perSecond: 400 });
      failing = true;
      load.start();
      await pause(SECONDS * 1000);
      // On a slow disk there are fewer commits in that time.
      for (const until = performance.now() + 40_000; lost <= SECONDS * 2 && performance.now() < until;)
        await pause(100);
      failing = false;
      await load.stop();
      const copy = new LogCopy(log);
      let verdict: HistoryVerdict;
      const givenUpMs = performance.now() + 30_000;
      do {
        await pause(300);
        await copy.follow(JUDGED);
        await copy.follow(INPUTS);
        verdict = judgeHistory((topic) => copy.of(topic), TOPICS, POLICY);
      } while (verdict.faults.length > 0 && performance.now() < givenUpMs);
      if (verdict.faults.length > 0) throw new Error(`seed ${seed}: ${verdict.faults.slice(0, 5).join('\n')}`);
      for (const { topic, partition, offset, value } of load.acknowledged)
        if (copy.of(topic)[partition]?.find((record) => record.offset === offset)?.value !== value)
          throw new Error(`${topic}-${partition} offset ${offset} was acknowledged and is not there, seed ${seed}`);
      tell(
        `${lost} commits lost, ${takenBack} tasks begun again, ${verdict.inputs} inputs and ${verdict.changes} changes`,
      );
      expect(lost).toBeGreaterThan(SECONDS * 2);
      expect(takenBack).toBeGreaterThan(lost / 2);
      expect(load.refused).toBeGreaterThan(0);
      expect(verdict.changes).toBeGreaterThan(SECONDS * 20);
    },
    SECONDS * 1000 + 120_000,
  );
});
