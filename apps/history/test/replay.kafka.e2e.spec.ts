// The history's commands on a real broker (issue 6): what an aggregator wrote there is proven, told at any time, and forgotten.
import { Aggregator } from '#apps/aggregator';
import { topicNames, topicSpecs } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { KafkaEventLog } from '#libs/event-log-kafka';
import { WallClock } from '#libs/runtime';
import { describeKafka } from '#libs/testing';
import { Bench, type Ran } from './bench.js';
import { seeded } from './replay-world.js';

/** The log, which a command's `close` does not end. */
function lasting(log: EventLog): EventLog {
  return new Proxy(log, {
    get: (target, name) => {
      if (name === 'close') return () => Promise.resolve();
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

const PARTITIONS = 2;
const USERS = ['@a:hs', '@b:hs', '@c:hs', '@d:hs', '@e:hs'];

describeKafka('the history on Kafka', (kafka) => {
  let log: KafkaEventLog;
  let aggregator: Aggregator;
  let bench: Bench;
  const run = (...args: readonly string[]): Promise<Ran> => bench.run(args);
  const topics = () => topicNames(kafka().prefix);

  const append = (topic: 'activity' | 'commands', userId: string, fields: object): Promise<unknown> =>
    log.append(topics()[topic], [{ key: userId, value: JSON.stringify({ v: 1, user_id: userId, ...fields }) }]);

  beforeAll(async () => {
    const { brokers, prefix } = kafka();
    log = await KafkaEventLog.connect({ brokers, clientId: 'history-test' });
    await log.createTopics(topicSpecs({ prefix, partitions: PARTITIONS, deliveryPartitions: 1 }));
    // Short, so that deadlines pass while the test runs.
    const policy = {
      idleAfterMs: 900,
      activeForMs: 400,
      offlineAfterMs: 300,
      busyOfflineAfterMs: 2_000,
      maxLeaseMs: 60_000,
    };
    const snapshots = { everyMs: 1_500, sliceUsers: 2 };
    aggregator = new Aggregator({ log, clock: new WallClock(), topics: topics(), prefix, policy, snapshots });
    await aggregator.start();
    bench = new Bench({
      nowMs: Date.now,
      openLog: () => Promise.resolve(lasting(log)),
    });
    Object.assign(bench.environment, { KAFKA_BROKERS: brokers.join(','), TOPIC_PREFIX: prefix });
  }, 120_000);

  afterAll(async () => {
    await aggregator.stop();
    await log.close();
  }, 60_000);

  it('is proven while it is written, told at any time, and a forgotten user is in none of it', async () => {
    const draw = seeded(5);
    const pick = <T>(...of: readonly T[]): T => of[Math.floor(draw() * of.length)]!;
    const device = { device_id: 'D', session_id: 'S' };
    for (let step = 0; step < 240; step += 1) {
      const userId = pick(...USERS);
      const kind = draw();
      if (kind < 0.4)
        await append('activity', userId, { type: 'device.connected', ...device, claim: 'auto', lease_ms: 700 });
      else if (kind < 0.7) await append('activity', userId, { type: 'device.active', device_id: 'D' });
      else
        await append('commands', userId, {
          type: 'presence.set',
          device_id: 'D',
          presence: pick('online', 'busy', 'offline'),
        });
    }
    for (let look = 0; (await run('verify', '--json')).stdout.includes('"unproven"'); look += 1)
      expect(look).toBeLessThan(100);
    const during = await run('verify', '--json');
    expect([during.exitCode, during.stderr]).toEqual([0, '']);
    const before = new Date().toISOString();
    expect(await run('as-of', before, '--user', '@a:hs')).toMatchObject({ exitCode: 0 });
    expect(await run('timeline', '@a:hs', '--json')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('"sessions":[{'),
    });

    expect(await run('forget', '@a:hs')).toMatchObject({ exitCode: 0, stdout: '@a:hs is forgotten.\n' });
    expect(await run('as-of', before, '--user', '@a:hs')).toMatchObject({
      exitCode: 1,
      stderr: 'The history holds nothing of @a:hs.\n',
    });
    const everybody = await run('as-of', before, '--json');
    expect([everybody.stdout.includes('@a:hs'), everybody.stdout.includes('@b:hs')]).toEqual([false, true]);
    await aggregator.stop();
    const after = JSON.parse((await run('verify', '--json')).stdout) as { clean: boolean; inputs: number };
    expect(after).toMatchObject({ clean: true, inputs: 241 });
    const whatIf = await run('what-if', '--idle-after', '3s', '--users', '0', '--json');
    expect([whatIf.exitCode, whatIf.stdout.includes('@a:hs'), whatIf.stdout.includes('@b:hs')]).toEqual([
      0,
      false,
      true,
    ]);
  }, 180_000);
});
