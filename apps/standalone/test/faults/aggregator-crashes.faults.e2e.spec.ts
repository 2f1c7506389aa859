// Aggregators that die, freeze and are overtaken under load, on a real broker; after each fault the history must be what the
// inputs alone make. `npm run test:soak` runs the same at full length.
import { describeLocalKafka, LocalCluster } from '#libs/testing';
import { endEverything } from '../program.js';
import { figuresOf, isSoak, seedOf, tell, World } from './world.js';

const KILLS = isSoak ? 30 : 3;
const LIMIT_MS = isSoak ? 1_200_000 : 240_000;

describeLocalKafka('aggregators under faults, on Kafka', () => {
  const seed = seedOf();
  let cluster: LocalCluster;
  let worlds = 0;
  let world: World;

  beforeAll(async () => {
    cluster = await LocalCluster.start();
  }, LIMIT_MS);
  afterAll(async () => {
    await endEverything();
    await cluster.close();
  });
  beforeEach(async () => {
    worlds += 1;
    world = await World.open({ brokers: cluster.brokers, prefix: `faults${worlds}.`, seed: seed + worlds });
  });
  afterEach(async () => {
    await endEverything();
    await world.close();
  });

  it(
    `are killed ${KILLS} times in the middle of transactions, and nothing is lost, repeated or reordered`,
    async () => {
      let living = [await world.start('aggregator'), await world.start('aggregator')];
      world.load.start();
      await world.servedAgain();
      const outagesMs: number[] = [];
      for (let kill = 0; kill < KILLS; kill += 1) {
        const victim = world.draw.of(living);
        await world.killInTransaction(victim);
        const heir = world.start('aggregator');
        outagesMs.push(await world.servedAgain());
        living = [...living.filter((one) => one !== victim), await heir];
      }
      const verdict = await world.judge();
      tell(
        `${KILLS} × kill -9 in a transaction, seed ${seed}: ${figuresOf(verdict)}; served again after ${spanOf(outagesMs)}`,
      );
      expect(verdict.timers).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );
});

function spanOf(times: readonly number[]): string {
  const sorted = [...times].sort((one, other) => one - other);
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  return `${seconds(sorted[0]!)} to ${seconds(sorted.at(-1)!)}, median ${seconds(sorted[sorted.length >> 1]!)}`;
}
