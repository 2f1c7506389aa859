// The history's commands on a real broker (issue 6): what an aggregator wrote there is proven, told at any time, and forgotten.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Aggregator } from '#apps/aggregator';
import { INPUTS, topicNames, topicSpecs } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { KafkaEventLog } from '#libs/event-log-kafka';
import { WallClock } from '#libs/runtime';
import { describeKafka, runKafkaTool, until } from '#libs/testing';
import { readSnapshotIndex, type FoundSnapshot } from '../src/replay/snapshot-index.js';
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

const folder = mkdtempSync(join(tmpdir(), 'rollcall-replay-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PATIENCE_MS = 120_000;
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

  /** The newest whole one that holds users, and behind inputs. */
  const lastSnapshot = async (partition: number): Promise<FoundSnapshot | undefined> => {
    const { snapshots } = await readSnapshotIndex(log, { topic: topics().snapshots, partition });
    return snapshots.findLast(
      ({ begin, endOffset }) =>
        endOffset !== undefined && begin.users > 0 && begin.inputs.every(({ nextOffset }) => nextOffset > 0),
    );
  };

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
      else if (kind < 0.65) await append('activity', userId, { type: 'device.active', device_id: 'D' });
      else if (kind < 0.7)
        await append('commands', userId, { type: 'presence.override', presence: pick('busy', 'offline', null) });
      else
        await append('commands', userId, {
          type: 'presence.set',
          device_id: 'D',
          presence: pick('online', 'busy', 'offline'),
          status_msg: pick('at tea', 'away', ''),
        });
    }
    for (let look = 0; (await run('verify', '--json')).stdout.includes('"unproven"'); look += 1)
      expect(look).toBeLessThan(1_000);
    const during = await run('verify', '--json');
    expect([during.exitCode, during.stderr]).toEqual([0, '']);
    const before = new Date().toISOString();
    // The aggregator may lag behind.
    await until(
      () => run('as-of', before, '--user', '@a:hs'),
      ({ exitCode }) => exitCode === 0,
      PATIENCE_MS,
    );
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
    await until(
      () => Promise.all([0, 1].map(lastSnapshot)),
      (found) => found.every((its) => its !== undefined),
      PATIENCE_MS,
    );
    await aggregator.stop();
    const after = JSON.parse((await run('verify', '--json')).stdout) as { clean: boolean; inputs: number };
    expect(after).toMatchObject({ clean: true, inputs: 241 });
    const whatIf = await run('what-if', '--idle-after', '3s', '--users', '0', '--json');
    expect([whatIf.exitCode, whatIf.stdout.includes('@a:hs'), whatIf.stdout.includes('@b:hs')]).toEqual([
      0,
      false,
      true,
    ]);
  }, 400_000);

  it('is still proven from the first snapshot on when retention has taken the first inputs, and says how far back it goes', async () => {
    const { brokers } = kafka();
    const deleted: { topic: string; partition: number; offset: number }[] = [];
    const firsts: number[] = [];
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const { begin, offset } = (await lastSnapshot(partition))!;
      firsts.push(begin.atMs);
      for (const [input, word] of INPUTS.entries())
        deleted.push({ topic: topics()[word], partition, offset: begin.inputs[input]!.nextOffset });
      deleted.push({ topic: topics().snapshots, partition, offset });
    }
    const file = join(folder, 'offsets.json');
    writeFileSync(file, JSON.stringify({ version: 1, partitions: deleted }));
    await runKafkaTool('kafka-delete-records', { brokers, args: ['--offset-json-file', file] });
    for (const { topic, partition, offset } of deleted) expect((await log.starts(topic))[partition]).toBe(offset);

    const proof = await run('verify', '--json');
    expect([proof.exitCode, proof.stderr]).toEqual([0, '']);
    const { partitions, clean } = JSON.parse(proof.stdout) as {
      clean: boolean;
      partitions: { stretches: { from: string }[] }[];
    };
    expect(clean).toBe(true);
    expect(partitions.map(({ stretches }) => Date.parse(stretches[0]!.from))).toEqual(firsts);
    const early = await run(
      'what-if',
      '--idle-after',
      '3s',
      '--from',
      new Date(Math.max(...firsts) - 500).toISOString(),
    );
    expect(early).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining('what-if can go back to '),
    });
    expect((await run('as-of', new Date().toISOString(), '--json')).stdout).toContain('@b:hs');
  }, 120_000);
});
