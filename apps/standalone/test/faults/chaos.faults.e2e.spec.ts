// Everything at once: two of each service on three brokers under steady load, and every few seconds any one of the nine is
// killed and started again, from a printed seed; then the oracles. `SEED=n` repeats the choices. At full length only in
// `npm run test:soak`; otherwise a short run of the same.
import { describeLocalKafka, LocalCluster } from '#libs/testing';
import { endEverything, type Program, type ProgramName } from '../program.js';
import { deliveryFigures, figuresOf, isSoak, pause, seedOf, tell, World } from './world.js';

const LENGTH_MS = isSoak ? 180_000 : 15_000;
const EVERY_MS = 5_000;
const LIMIT_MS = isSoak ? 900_000 : 300_000;
const MOST_REFUSALS = 5;
const SERVICES = ['aggregator', 'aggregator', 'fanout', 'fanout', 'gateway', 'gateway'] as const;

describeLocalKafka('chaos, on Kafka', () => {
  const seed = seedOf();
  let cluster: LocalCluster;
  let world: World;
  const running: { readonly name: ProgramName; program: Promise<Program> }[] = [];
  const killed = new Map<string, number>();
  let refused = 0;
  let brokersBack = Promise.resolve();

  beforeAll(async () => {
    cluster = await LocalCluster.start({ nodes: 3 });
    const people = { users: 60, visitors: 8, perSecond: 150 };
    world = await World.open({ brokers: cluster.brokers, prefix: 'faults.', seed, ...people });
    await world.rooms.fill();
    await world.subscribe(...world.users.slice(0, 3));
  }, LIMIT_MS);
  afterAll(async () => {
    await endEverything();
    await world.close();
    await cluster.close();
  });

  /** As any supervisor would: a start that is refused, because partitions have no leader yet, is tried again. */
  async function supervised(name: ProgramName): Promise<Program> {
    for (let refusals = 0; ; refusals += 1) {
      try {
        return await world.start(name);
      } catch (error) {
        if (refusals >= MOST_REFUSALS) throw error;
        refused += 1;
      }
    }
  }

  /** The services by name and place, then the brokers; which is killed is the seed's choice alone. */
  async function killOne(): Promise<void> {
    const choice = world.draw.below(SERVICES.length + cluster.nodes.length);
    const service = running[choice];
    const name = service?.name ?? 'broker';
    killed.set(name, (killed.get(name) ?? 0) + 1);
    if (service !== undefined) {
      await (await service.program).kill('SIGKILL');
      service.program = supervised(service.name);
    } else {
      // Two lost of three could acknowledge nothing any more: that is no fault to survive.
      await brokersBack;
      const node = cluster.nodes[choice - SERVICES.length]!;
      await node.kill();
      brokersBack = node.start();
    }
  }

  it(
    `of ${LENGTH_MS / 1_000} s loses, repeats and reorders nothing`,
    async () => {
      for (const name of SERVICES) running.push({ name, program: supervised(name) });
      await Promise.all(running.map(({ program }) => program));
      world.load.start();
      world.rooms.start();
      world.visitors.start();
      await world.servedAgain();
      const startedMs = performance.now();
      let faultMs = startedMs;
      while (performance.now() - startedMs < LENGTH_MS) {
        const nextMs = performance.now() + EVERY_MS;
        faultMs = performance.now();
        await killOne();
        await pause(Math.max(0, nextMs - performance.now()));
      }
      await Promise.all([brokersBack, ...running.map(({ program }) => program)]);
      await world.rooms.stop();
      await world.visitors.watch();
      const history = await world.judge(120_000);
      const verdict = await world.judgeDeliveries(60_000);
      const { acknowledged } = world.visitors;
      const what = [...killed].map(([name, times]) => `${name} ${times}`).join(', ');
      tell(
        `chaos, seed ${seed}, killed: ${what} (${refused} starts refused and tried again); ${world.load.acknowledged.length} inputs acknowledged, ${world.load.refused} not; ${acknowledged.length} PUTs answered 200, ${world.visitors.refused} not; ${deliveryFigures(verdict)}, ${((performance.now() - faultMs) / 1000).toFixed(1)} s after the last kill; ${figuresOf(history)}`,
      );
      expect(killed.size).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );
});
