// Aggregators that die, freeze and are overtaken under load, on a real broker; after each fault the history must be what the
// inputs alone make. `npm run test:soak` runs the same at full length.
import { describeLocalKafka, LocalCluster } from '#libs/testing';
import { endEverything, type Program, until } from '../program.js';
import { complaintsOf, figuresOf, isSoak, seedOf, tell, World } from './world.js';

const KILLS = isSoak ? 30 : 3;
const FREEZES = isSoak ? 8 : 2;
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

  it(
    `are frozen past the session timeout ${FREEZES} times, wake as zombies, write nothing more and fence no heir`,
    async () => {
      const [sleeper, heir] = [await world.start('aggregator'), await world.start('aggregator')];
      world.load.start();
      await world.servedAgain();
      for (let freeze = 0; freeze < FREEZES; freeze += 1) {
        if (freeze % 2 === 0) await world.freezeInTransaction(sleeper);
        else sleeper.signal('SIGSTOP');
        await world.servedAgain();
        const before = restoresOf(sleeper);
        sleeper.signal('SIGCONT');
        await until('the zombie to join again and to be given partitions', () =>
          restoresOf(sleeper) > before ? true : undefined,
        );
        await world.servedAgain();
      }
      const verdict = await world.judge();
      const fenced = complaintsOf(sleeper).filter((line) => line.includes('FencedError')).length;
      tell(`${FREEZES} zombies, ${fenced} of their tasks fenced, seed ${seed}: ${figuresOf(verdict)}`);
      expect(complaintsOf(heir)).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'are frozen between restoring and the first transaction, overtaken, and harmless when they wake',
    async () => {
      const first = await world.start('aggregator');
      world.load.start();
      await world.servedAgain();
      await world.judge();
      expect((await first.kill('SIGTERM')).code).toBe(0);
      const stood = await world.log.ends(world.topics.states);
      const owner = await world.start('aggregator');
      await until('a partition to be restored', () => (restoresOf(owner) > 0 ? true : undefined));
      owner.signal('SIGSTOP');
      const ends = await world.log.ends(world.topics.states);
      const restored = [...owner.stderr.matchAll(/partition (\d+): restored /g)].map(([, partition]) =>
        Number(partition),
      );
      expect(restored.filter((partition) => ends[partition] === stood[partition])).not.toEqual([]);
      await world.load.burst(400);
      const heir = await world.start('aggregator');
      await world.judge();
      owner.signal('SIGCONT');
      world.load.start();
      await until('the one that woke to be an owner again', () =>
        restoresOf(owner) > restored.length ? true : undefined,
      );
      await world.servedAgain();
      const verdict = await world.judge();
      tell(`an owner frozen before its first transaction, seed ${seed}: ${figuresOf(verdict)}`);
      expect(complaintsOf(heir)).toEqual([]);
    },
    LIMIT_MS,
  );
});

/** How often partitions were taken over. */
const restoresOf = ({ stderr }: Program): number => stderr.split(': restored ').length - 1;

function spanOf(times: readonly number[]): string {
  const sorted = [...times].sort((one, other) => one - other);
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  return `${seconds(sorted[0]!)} to ${seconds(sorted.at(-1)!)}, median ${seconds(sorted[sorted.length >> 1]!)}`;
}
