// Fan-outs that die between a join and its effects, and gateways that die under their clients, on a real broker: in the end
// everybody interested was told the last of everybody, recipient topics are right, and what was answered is there.
import { describeLocalKafka, LocalCluster } from '#libs/testing';
import { endEverything } from '../program.js';
import { deliveryFigures, figuresOf, isSoak, pause, seedOf, tell, World } from './world.js';

const KILLS = isSoak ? 12 : 2;
const LIMIT_MS = isSoak ? 600_000 : 240_000;
const VISITORS = 8;

describeLocalKafka('fan-outs and gateways under faults, on Kafka', () => {
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
    const prefix = `faults${worlds}.`;
    const people = { users: 40, visitors: VISITORS, perSecond: 150 };
    world = await World.open({ brokers: cluster.brokers, prefix, seed: seed + worlds, ...people });
    await world.rooms.fill();
  });
  afterEach(async () => {
    await endEverything();
    await world.close();
  });

  it(
    `fan-outs are killed ${KILLS} times between joins and their effects`,
    async () => {
      await world.subscribe(...world.users.slice(0, 3));
      await world.start('aggregator');
      let living = [await world.start('fanout'), await world.start('fanout')];
      world.load.start();
      world.rooms.start();
      await world.servedAgain();
      await pause(2_000);
      let faultMs = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        for (const fanout of living) fanout.signal('SIGSTOP');
        for (let join = 0; join < 5; join += 1) await world.rooms.toggle();
        const victim = world.draw.of(living);
        await victim.kill('SIGKILL');
        faultMs = performance.now();
        living = living.filter((one) => one !== victim);
        for (const fanout of living) fanout.signal('SIGCONT');
        living.push(await world.start('fanout'));
        await pause(world.draw.below(3_000));
      }
      await world.rooms.stop();
      const history = await world.judge();
      const verdict = await world.judgeDeliveries();
      const tookS = ((performance.now() - faultMs) / 1000).toFixed(1);
      tell(
        `${KILLS} × kill -9 of a fan-out after joins, seed ${seed}: ${deliveryFigures(verdict)}, ${tookS} s after the last fault; ${figuresOf(history)}`,
      );
    },
    LIMIT_MS,
  );

  it(
    `gateways are killed ${KILLS} times under clients that PUT and follow`,
    async () => {
      await world.start('aggregator');
      await world.start('fanout');
      let living = [await world.start('gateway'), await world.start('gateway')];
      world.load.start();
      world.rooms.start();
      world.visitors.start();
      await world.servedAgain();
      for (let kill = 0; kill < KILLS; kill += 1) {
        await pause(1_500 + world.draw.below(2_000));
        const victim = world.draw.of(living);
        await victim.kill('SIGKILL');
        living = [...living.filter((one) => one !== victim), await world.start('gateway')];
      }
      await world.rooms.stop();
      await world.visitors.watch();
      const history = await world.judge();
      const verdict = await world.judgeDeliveries();
      const { acknowledged, refused, polls } = world.visitors;
      tell(
        `${KILLS} × kill -9 of a gateway, seed ${seed}: ${acknowledged.length} PUTs answered 200, ${refused} not, ${polls} polls; ${deliveryFigures(verdict)}; ${figuresOf(history)}`,
      );
      expect(acknowledged.length).toBeGreaterThan(10);
    },
    LIMIT_MS,
  );
});
