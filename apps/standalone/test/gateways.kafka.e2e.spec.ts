// Two gateways behind a load balancer that has no affinity (the poll loops below go round robin): a device that moves between
// them at every request, tokens of one at the other, and gateways that are stopped or killed under their clients. Real
// processes on a real broker; what others saw is read from `presence.changes`, where nothing is ever left out.

import { decodeChange, topicSpecs } from '#libs/contracts';
import { KafkaEventLog } from '#libs/event-log-kafka';
import { describeKafka, until } from '#libs/testing';
import { administratorAt, clientOf, kafkaEnvironment, topicsOf, userOf } from './engine-on-kafka.js';
import { PollLoop } from './poll-loop.js';
import { Program, endEverything } from './program.js';

const START_MS = 180_000;
const PARTITIONS = 2;
const GRACE_MS = 5_000;
const LEASE_MS = 8_000;
const POLL_MS = 400;
const NAMES = ['alice', 'bob', 'carol', 'dora'];
const TIMINGS = { OFFLINE_AFTER_MS: String(GRACE_MS), MAX_LEASE_MS: String(LEASE_MS), PUT_BURST: '1000' };

jest.setTimeout(START_MS);
afterAll(endEverything);

describeKafka('gateways behind a load balancer on Kafka', (kafka) => {
  let log: KafkaEventLog;
  let environment: Record<string, string>;
  const gateways: { readonly program: Program; readonly url: string }[] = [];
  const loops: PollLoop[] = [];
  const urls = (): readonly string[] => gateways.map(({ url }) => url);

  async function startGateway(): Promise<void> {
    const program = Program.start('gateway', environment);
    gateways.push({ program, url: await program.servingUrl() });
  }

  function poll(name: string, only?: () => readonly string[]): PollLoop {
    const loop = new PollLoop({ name, gateways: only ?? urls, timeoutMs: POLL_MS });
    loops.push(loop);
    return loop;
  }

  beforeAll(async () => {
    environment = { ...kafkaEnvironment(kafka(), NAMES, PARTITIONS), ...TIMINGS };
    log = await KafkaEventLog.connect({ brokers: kafka().brokers, clientId: 'gateways-test' });
    await log.createTopics(
      topicSpecs({ prefix: kafka().prefix, partitions: PARTITIONS, deliveryPartitions: PARTITIONS }),
    );
    Program.start('aggregator', environment);
    Program.start('fanout', environment);
    await Promise.all([startGateway(), startGateway()]);
    await administratorAt(urls()[0] ?? '').share('!gateways:localhost', ...NAMES.map(userOf));
    await until(
      async () => (await clientOf(urls()[0] ?? '', 'dora').put('unavailable', 'ready')).status,
      (status) => status === 200,
      60_000,
    );
  }, START_MS);

  afterEach(async () => {
    await Promise.all(loops.splice(0).map((loop) => loop.stop()));
  });
  afterAll(() => log.close());

  /** Every state that was ever published of somebody, in order. */
  async function history(name: string): Promise<string[]> {
    const userId = userOf(name);
    const { changes } = topicsOf(kafka());
    const partition = log.partitionOf(userId, PARTITIONS);
    const told: string[] = [];
    for await (const { records } of log.read(changes, partition, 0, (await log.ends(changes))[partition] ?? 0)) {
      for (const { key, value } of records) {
        if (String(key) !== userId || value === null) continue;
        const decoded = decodeChange(String(value), userId);
        if (decoded.ok && decoded.record.kind === 'changed') told.push(decoded.record.view.presence);
      }
    }
    return told;
  }

  /** Polls go on for so long: at least so many more requests, and at least so much time. */
  async function goOn(loop: PollLoop, atLeastMs: number): Promise<void> {
    const [from, begun] = [loop.requests, performance.now()];
    await until(
      () => ({ more: loop.requests - from, ms: performance.now() - begun }),
      ({ more, ms }) => more >= 4 && ms >= atLeastMs,
      60_000,
    );
  }

  it('show no flap of a device that moves between them at every request', async () => {
    const alice = poll('alice');
    const bob = poll('bob');
    await goOn(alice, 2 * GRACE_MS);
    expect([...alice.answered.keys()].sort()).toEqual([...urls()].sort());
    expect([alice.failed, bob.failed]).toEqual([0, 0]);
    expect(await history('alice')).toEqual(['online']);
    // The gateway that did not make bob's snapshot may tell him once more what was in it.
    expect(new Set(bob.toldOf('alice'))).toEqual(new Set(['online']));
  });

  it('take the tokens of each other, tell each of their clients everything once, and show a PUT at any of them', async () => {
    const [first = '', second = ''] = urls();
    const watchers = [poll('bob'), poll('carol', () => [first]), poll('alice', () => [second])];
    await Promise.all(
      watchers.map((watcher) =>
        until(
          () => watcher.requests,
          (count) => count > 2,
        ),
      ),
    );
    for (let round = 0; round < 10; round += 1) {
      const message = `round ${round}`;
      const put = await clientOf(urls()[round % 2] ?? '', 'dora').put('online', message);
      expect(put.status).toBe(200);
      for (const watcher of watchers) {
        await until(
          () => watcher.toldOf('dora'),
          (told) => told.includes(`online ${message}`),
        );
      }
    }
    for (const watcher of watchers) {
      const told = watcher.toldOf('dora').filter((line) => line.startsWith('online round'));
      expect(told).toEqual(Array.from({ length: 10 }, (_, round) => `online round ${round}`));
    }
  });

  it('show nobody offline when one is stopped in order and its clients go on at another within the grace', async () => {
    const before = await history('alice');
    const [leaving] = gateways;
    const alice = poll('alice', () => [leaving?.url ?? '', ...(gateways[0] === leaving ? [] : urls())]);
    const bob = poll('bob');
    await goOn(alice, GRACE_MS);
    const ended = leaving?.program.kill('SIGTERM');
    gateways.shift();
    expect((await ended)?.code).toBe(0);
    await goOn(alice, 2 * GRACE_MS);
    expect((await history('alice')).slice(before.length)).not.toContain('offline');
    expect(bob.toldOf('alice').join()).not.toContain('offline');
    await startGateway();
  });

  it('show nobody offline when one is killed, and end what it cannot end any more with the lease', async () => {
    const before = await history('alice');
    const [killed] = gateways;
    const alice = poll('alice', () => (gateways[0] === killed ? [killed?.url ?? ''] : urls()));
    const bob = poll('bob');
    await goOn(alice, GRACE_MS);
    gateways.shift();
    await killed?.program.kill('SIGKILL');
    await goOn(alice, 2 * GRACE_MS);
    expect((await history('alice')).slice(before.length)).not.toContain('offline');
    expect(bob.toldOf('alice').join()).not.toContain('offline');
    // What would have been seen: she stops, and everybody is told, though the gateway of her first session is dead.
    await alice.stop();
    await until(
      () => bob.toldOf('alice').at(-1),
      (told) => told === 'offline',
      LEASE_MS + 6 * GRACE_MS,
    );
    expect((await history('alice')).slice(before.length).filter((shown) => shown === 'offline')).toHaveLength(1);
  });
});
