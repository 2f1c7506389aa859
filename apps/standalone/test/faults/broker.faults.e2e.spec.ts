// Brokers that die under the services: one alone, killed and started again, and one of three, lost for good. In the end the
// history is what the inputs make, everything acknowledged is there, and everybody was told.
import { describeLocalKafka, LocalCluster } from '#libs/testing';
import { endEverything } from '../program.js';
import { deliveryFigures, figuresOf, isSoak, pause, seedOf, tell, World } from './world.js';

const KILLS = isSoak ? 10 : 2;
const LIMIT_MS = isSoak ? 900_000 : 300_000;

describeLocalKafka('services and their brokers’ faults, on Kafka', () => {
  const seed = seedOf();
  let cluster: LocalCluster;
  let world: World;

  async function open(nodes: 1 | 3): Promise<void> {
    cluster = await LocalCluster.start({ nodes });
    const people = { users: 40, visitors: 6, perSecond: 150 };
    world = await World.open({ brokers: cluster.brokers, prefix: 'faults.', seed, ...people });
    await world.rooms.fill();
    await world.subscribe(...world.users.slice(0, 2));
    await Promise.all([world.start('aggregator'), world.start('aggregator')]);
    await Promise.all([world.start('fanout'), world.start('gateway')]);
    world.load.start();
    world.rooms.start();
    world.visitors.start();
    await world.servedAgain();
  }

  afterEach(async () => {
    await endEverything();
    await world.close();
    await cluster.close();
  });

  async function judged(what: string): Promise<void> {
    await world.rooms.stop();
    await world.visitors.watch();
    const history = await world.judge(60_000);
    const verdict = await world.judgeDeliveries(60_000);
    const { acknowledged, refused } = world.visitors;
    tell(
      `${what}, seed ${seed}: ${world.load.acknowledged.length} inputs acknowledged, ${world.load.refused} not; ${acknowledged.length} PUTs answered 200, ${refused} not; ${deliveryFigures(verdict)}; ${figuresOf(history)}`,
    );
  }

  it(
    `go on when the only broker is killed ${KILLS} times and started again`,
    async () => {
      await open(1);
      const [node] = cluster.nodes;
      const outages: string[] = [];
      for (let kill = 0; kill < KILLS; kill += 1) {
        await node!.kill();
        await pause(world.draw.below(3_000));
        await node!.start();
        outages.push(`${((await world.servedAgain()) / 1000).toFixed(1)} s`);
        await pause(1_000);
      }
      await judged(`${KILLS} × kill -9 of the broker, served again ${outages.join(', ')} after its start`);
    },
    LIMIT_MS,
  );

  it(
    'go on when one of three brokers is lost',
    async () => {
      await open(3);
      for (const node of isSoak ? cluster.nodes : [world.draw.of(cluster.nodes)]) {
        await node.kill();
        const outageMs = await world.servedAgain();
        await pause(2_000);
        await judged(`broker ${node.plan.id} of three lost, served again after ${(outageMs / 1000).toFixed(1)} s`);
        if (!isSoak) continue;
        await node.start();
        world.load.start();
        world.rooms.start();
        await world.servedAgain();
      }
    },
    LIMIT_MS,
  );
});
