// A new version is rolled out under load, one process after the other: told to stop by SIGTERM, awaited, started again. Two
// gateways, two aggregators and two fan-outs on a real broker, with clients that move between the gateways, PUT, poll and
// stream. Nobody who is there is shown offline, no request fails but by a connection that the next gateway takes over, no PUT
// that was acknowledged is missing, and the history is what an independent fold of the inputs makes.
import { describeKafka } from '#libs/testing';
import { flapsOf, seenIn } from './faults/flaps.js';
import { deliveryFigures, figuresOf, seedOf, tell, World } from './faults/world.js';
import { endEverything, until, type Program, type ProgramName } from './program.js';

const LIMIT_MS = 600_000;
/** In which a client finds another gateway; a tenth of the default, so that its end is soon seen. */
const POLICY = {
  idleAfterMs: 2_500,
  activeForMs: 900,
  offlineAfterMs: 4_000,
  busyOfflineAfterMs: 4_000,
  maxLeaseMs: 8_000,
};
const PEOPLE = { users: 40, visitors: 10, streams: 3, steady: true, perSecond: 60 };
/** Fan-outs, then aggregators, then gateways: whoever reads before whoever writes, as the README says. */
const ORDER = ['fanout', 'fanout', 'aggregator', 'aggregator', 'gateway', 'gateway'] as const;
/** A request that was under way for so long had been taken: it must be answered. */
const TAKEN_MS = 1_000;

jest.setTimeout(LIMIT_MS);
afterAll(endEverything);

describeKafka('a rolling upgrade on Kafka', (kafka) => {
  const seed = seedOf();
  let world: World;
  const running: { readonly name: ProgramName; program: Program }[] = [];
  /** By URL, when a gateway was told to stop. */
  const toldToStopMs = new Map<string, number>();

  beforeAll(async () => {
    world = await World.open({ ...kafka(), seed, policy: POLICY, ...PEOPLE });
    await world.rooms.fill();
    const started = await Promise.all(ORDER.map((name) => world.startReady(name)));
    ORDER.forEach((name, index) => running.push({ name, program: started[index]! }));
  }, LIMIT_MS);
  afterAll(() => world.close());

  async function replace(place: { readonly name: ProgramName; program: Program }): Promise<void> {
    const { name, program } = place;
    toldToStopMs.set(world.urlOf(program), performance.now());
    const { code, stderr } = await program.kill('SIGTERM');
    expect({ name, code, errors: stderr.match(/"level":"error".*/g) }).toEqual({ name, code: 0, errors: null });
    for (const line of stderr.match(/"level":"warn".*/g) ?? []) tell(`${name}: ${line}`);
    place.program = await world.startReady(name);
  }

  /** A connection to a gateway that stops is lost, unless it had been waiting there: then it is answered. */
  function wrongFailures(): unknown[] {
    return world.visitors.failures.filter(({ url, begunMs, status }) => {
      const stoppedMs = toldToStopMs.get(url);
      return status !== undefined || stoppedMs === undefined || begunMs < stoppedMs - TAKEN_MS;
    });
  }

  it('shows nobody offline, loses no PUT, fails no poll, and leaves the history as it would have been', async () => {
    const users = world.users.slice(0, PEOPLE.visitors);
    world.load.start();
    world.rooms.start();
    world.visitors.start();
    await until('everybody to be seen', async () => {
      await world.copy.follow([world.topics.changes]);
      const seen = seenIn((topic) => world.copy.of(topic), world.topics);
      return users.every((userId) => seen.has(userId)) ? true : undefined;
    });
    const fromMs = Date.now();
    for (const place of running) await replace(place);
    const tookS = (Date.now() - fromMs) / 1_000;
    // After the last, everything serves: one more PUT and poll of everybody is seen through.
    await world.servedAgain();
    const toMs = Date.now();
    await world.rooms.stop();
    await world.visitors.watch();
    const history = await world.judge();
    const deliveries = await world.judgeDeliveries();
    const { acknowledged, refused, polls, streams, failures, toldOffline, longestMs } = world.visitors;
    tell(
      `rolling upgrade, seed ${seed}, ${ORDER.length} processes in ${tookS.toFixed(1)} s: ${acknowledged.length} PUTs answered 200, ${refused} not, ${polls} polls, ${streams} streams, ${failures.length} connections lost to gateways that stopped; longest answer ${Math.round(longestMs)} ms; ${deliveryFigures(deliveries)}; ${figuresOf(history)}`,
    );
    expect(flapsOf((topic) => world.copy.of(topic), world.topics, users, { fromMs, toMs })).toEqual([]);
    expect(toldOffline).toEqual([]);
    expect(wrongFailures()).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(20);
    expect(polls).toBeGreaterThan(50);
  });
});
